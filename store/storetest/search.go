package storetest

import (
	"slices"
	"time"

	"codeagent.dev/agent"
)

func searchLaws() []law {
	return []law{
		{name: "search/filters", rule: "repository, group, labels, maker and words each restrict, and all of them together", check: searchFilters},
		{name: "search/pages", rule: "pages of a search follow each other without gap or repeat", check: searchPages},
		{name: "search/sort", timed: true, rule: "jobs are sorted by what is asked for, in both directions, equals by id", check: searchSort},
		{name: "search/skip", rule: "sorted pages follow each other by Skip", check: searchSkip},
		{name: "search/query", rule: "what a query asks for is what a list gives", check: searchQuery},
		{name: "search/invalid", rule: "an unknown order or a negative Skip is Invalid", check: searchInvalid},
	}
}

func titled(title string) func(*agent.Spec) { return func(s *agent.Spec) { s.Title = title } }

// collection stores five jobs that searches tell apart.
func (w *world) collection() {
	w.Helper()
	w.group("web", 0)
	w.submit(titled("Fix the Parser"), inRepo("/src/api"), labeled("nightly", "big"))             // 1
	w.submit(titled("fix the größe of boxes"), inRepo("/src/web"), inGroup("web"), ofPriority(3)) // 2
	w.submit(titled("speed"), inRepo("/src/api-web"), inGroup("web"), labeled("big"))             // 3
	w.submit(titled(`quote " and \ in it`), inRepo("/src/API"), ofPriority(-2))                   // 4
	w.submit(titled("parser again"), inRepo("/src/api"), onHold)                                  // 5
	for _, step := range []struct {
		maker string
		v     agent.Verdict
		cost  int64
	}{{"two", agent.Unverified, 300}, {"one", agent.Failed, 100}, {"one", agent.Verified, 200}} {
		o := ended(step.v)
		o.Maker, o.Usage.MicroUSD = step.maker, step.cost
		w.finish(w.claim(), o) // jobs 2, 1, 3
		if w.bubble {
			w.pass(time.Minute)
		}
	}
}

func searchFilters(w *world) {
	w.collection()
	w.lists(agent.Filter{Name: "api"}, 5, 4, 3, 1)
	w.lists(agent.Filter{Name: "src/WEB"}, 2)
	w.lists(agent.Filter{Groups: []string{"web"}}, 3, 2)
	w.lists(agent.Filter{Groups: []string{agent.DefaultGroup}}, 5, 4, 1)
	w.lists(agent.Filter{Groups: []string{"web", agent.DefaultGroup}, Oldest: true}, 1, 2, 3, 4, 5)
	w.lists(agent.Filter{Groups: []string{"none"}})
	w.lists(agent.Filter{Labels: []string{"big"}}, 3, 1)
	w.lists(agent.Filter{Labels: []string{"big", "nightly"}}, 1)
	w.lists(agent.Filter{Labels: []string{"bi"}})
	w.lists(agent.Filter{Makers: []string{"one"}}, 3, 1)
	w.lists(agent.Filter{Makers: []string{"one", "two"}}, 3, 2, 1)
	w.lists(agent.Filter{Words: []string{"PARSER"}}, 5, 1)
	w.lists(agent.Filter{Words: []string{"fix", "GRÖSSE"}})
	w.lists(agent.Filter{Words: []string{"fix", "GRÖßE"}}, 2)
	w.lists(agent.Filter{Words: []string{`" and \`}}, 4)
	w.lists(agent.Filter{Words: []string{"the "}, Groups: []string{"web"}, Verdicts: []agent.Verdict{agent.Unverified}}, 2)
	w.lists(agent.Filter{Words: []string{"parser"}, States: []agent.State{agent.Queued}, Repo: "/src/api"}, 5)
}

func searchPages(w *world) {
	var want []agent.ID
	for i := range 20 {
		j := w.submit(labeled([]string{"a", "b"}[i%2]))
		if i%2 == 0 {
			want = append(want, j.ID)
		}
	}
	for _, oldest := range []bool{true, false} {
		if !oldest {
			slices.Reverse(want)
		}
		var got []agent.ID
		f := agent.Filter{Labels: []string{"a"}, Oldest: oldest, Limit: 3}
		for page := ids(w.list(f)); len(page) > 0; page = ids(w.list(f)) {
			got = append(got, page...)
			f.After = page[len(page)-1]
		}
		if !slices.Equal(got, want) {
			w.Errorf("oldest %v: %v, want %v", oldest, got, want)
		}
		w.lists(agent.Filter{Labels: []string{"a"}, Oldest: oldest, Skip: 4, Limit: 2}, want[4:6]...)
		w.lists(agent.Filter{Oldest: oldest, After: want[0], Skip: 1, Limit: 1}, want[1])
	}
}

func searchSort(w *world) {
	w.collection()
	for _, c := range []struct {
		sort agent.Sort
		want []agent.ID
	}{
		{agent.SortID, []agent.ID{5, 4, 3, 2, 1}},
		{agent.SortCreated, []agent.ID{5, 4, 3, 2, 1}},
		{agent.SortEnded, []agent.ID{5, 4, 3, 1, 2}},
		{agent.SortPriority, []agent.ID{2, 5, 3, 1, 4}},
		{agent.SortRepo, []agent.ID{4, 5, 1, 3, 2}},
		{agent.SortVerdict, []agent.ID{3, 2, 1, 5, 4}},
		{agent.SortCost, []agent.ID{2, 3, 1, 5, 4}},
		{agent.SortTook, []agent.ID{3, 1, 2, 5, 4}},
	} {
		w.lists(agent.Filter{Sort: c.sort}, c.want...)
		w.lists(agent.Filter{Sort: c.sort, Limit: 2}, c.want[:2]...)
		slices.Reverse(c.want)
		w.lists(agent.Filter{Sort: c.sort, Oldest: true}, c.want...)
	}
	w.lists(agent.Filter{Sort: agent.SortPriority, Groups: []string{"web"}}, 2, 3)
	w.lists(agent.Filter{Sort: agent.SortCost, States: []agent.State{agent.Done}, Oldest: true}, 1, 3, 2)
}

func searchSkip(w *world) {
	const n = 23
	for i := range n {
		w.submit(ofPriority(i * 7 % 5))
	}
	for _, oldest := range []bool{true, false} {
		f := agent.Filter{Sort: agent.SortPriority, Oldest: oldest}
		want := ids(w.list(f))
		if len(want) != n {
			w.Fatalf("%d jobs are listed", len(want))
		}
		var got []agent.ID
		f.Limit = 5
		for page := ids(w.list(f)); len(page) > 0; page = ids(w.list(f)) {
			got = append(got, page...)
			f.Skip = len(got)
		}
		if !slices.Equal(got, want) {
			w.Errorf("oldest %v: %v, want %v", oldest, got, want)
		}
		f.Skip = 1 << 30
		w.lists(f)
		f.Skip, f.After = 0, 7 // which does not page what is sorted
		w.lists(f, want[:5]...)
	}
}

func searchQuery(w *world) {
	w.collection()
	for query, want := range map[string][]agent.ID{
		"":                               {5, 4, 3, 2, 1},
		"state:done":                     {3, 2, 1},
		"state:queued,running repo:api":  {5, 4},
		"verdict:verified,failed":        {3, 1},
		"repo:/src/api":                  {5, 1},
		"group:web label:big":            {3},
		"label:big,nightly":              {1},
		"maker:two":                      {2},
		"sort:-priority limit:2":         {2, 5},
		"sort:priority limit:2":          {4, 1},
		"sort:verdict state:done":        {3, 2, 1},
		"sort:-verdict state:done":       {1, 2, 3},
		"sort:id":                        {1, 2, 3, 4, 5},
		"fix the":                        {2, 1},
		`"the parser"`:                   {1},
		`sort:repo state:done "fix the"`: {1, 2},
	} {
		q, err := agent.ParseQuery(query)
		w.ok(err)
		w.lists(q.Filter, want...)
		if w.Failed() {
			w.Fatalf("the query: %s", query)
		}
	}
}

func searchInvalid(w *world) {
	for _, f := range []agent.Filter{{Sort: "beauty"}, {Skip: -1}, {Sort: agent.SortCost, Limit: agent.MaxLimit + 1}} {
		_, err := w.jobs.List(w.ctx, f)
		w.refused(err, agent.Invalid)
	}
}
