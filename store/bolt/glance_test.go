package bolt

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"codeagent.dev/agent"
)

// odd are texts that look like fields, or are written otherwise than they read.
var odd = []string{
	"a", "nightly", `x","state":"done`, `"priority":7`, `{"variants":[`, "<&>", "größe", "K\u212a", "\u2028", `back\slash`, `"`, "\\\"title\":", "default", "İ", "",
}

func oddText(r *rand.Rand) string { return odd[r.IntN(len(odd))] + odd[r.IntN(len(odd))] }

// oddEntry is a random job as a store may have it.
func oddEntry(t *testing.T, r *rand.Rand, id agent.ID) *agent.Entry {
	t.Helper()
	spec := benchSpec()
	spec.Kind, spec.Title, spec.Repo = agent.Prompt, "t"+oddText(r), "/"+oddText(r)
	spec.Priority, spec.Author, spec.Limits.MicroUSD = r.IntN(5)-2, oddText(r), int64(r.IntN(3))
	spec.Checks = []agent.Check{{Name: oddText(r) + "c", Run: "true " + oddText(r)}}
	spec.Group = []string{"", "web", "state"}[r.IntN(3)]
	if label := odd[r.IntN(3)]; r.IntN(2) == 0 {
		spec.Labels = []string{label, "größe"}[:1+r.IntN(2)]
	}
	spec.Variants = 1 + r.IntN(3)
	if err := spec.Validate(); err != nil && agent.CodeOf(err) != agent.Invalid {
		t.Fatal(err)
	}
	now := time.Unix(int64(r.IntN(5)), 1)
	e := agent.NewEntry(id, spec, now)
	for n := range r.IntN(spec.Variants + 1) {
		e.Claim(n+1, "w", uint64(n+1), now)
		o := agent.Outcome{Verdict: []agent.Verdict{agent.Verified, agent.ChecksFailed}[r.IntN(2)], Commit: spec.Base, Maker: odd[r.IntN(3)], Reason: oddText(r), Usage: agent.Usage{MicroUSD: int64(r.IntN(4))}}
		if err := e.Finish(agent.Lease{Job: e.Job, Variant: n + 1, Token: uint64(n + 1)}, o, now.Add(time.Duration(r.IntN(3))*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

// What a glance sees orders jobs as the whole of them does, and no job that a filter
// chooses is passed over.
func TestGlance(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var rows [][]byte
	var jobs []*agent.Job
	for id := range agent.ID(300) {
		e := oddEntry(t, r, id+1)
		row, err := encodeRow(e)
		if err != nil {
			t.Fatal(err)
		}
		rows, jobs = append(rows, row), append(jobs, &e.Job)
	}
	for _, sort := range agent.Sorts() {
		f := agent.Filter{Sort: sort}
		var seen []*agent.Job
		for i, row := range rows {
			j, ok := glance(&f, jobs[i].ID, row)
			if !ok {
				t.Fatalf("job %s is not seen: %s", jobs[i].ID, row)
			}
			seen = append(seen, j)
		}
		want := slices.Clone(jobs)
		slices.SortFunc(want, f.Compare)
		slices.SortFunc(seen, f.Compare)
		for i := range want {
			if want[i].ID != seen[i].ID {
				t.Fatalf("by %s job %s is number %d, want %s", sort, seen[i].ID, i, want[i].ID)
			}
		}
	}
	chosen, passed := 0, 0
	for range 3000 {
		f := agent.Filter{}
		switch r.IntN(5) {
		case 0:
			f.Words = []string{oddText(r), odd[r.IntN(len(odd))]}[r.IntN(2):]
		case 1:
			f.Labels = []string{odd[r.IntN(3)], "größe"}[r.IntN(2):]
		case 2:
			f.Groups = []string{agent.DefaultGroup, "web", "none"}[r.IntN(3):]
		case 3:
			f.Makers = []string{odd[r.IntN(3)], "other"}[r.IntN(2):]
		default:
			f.Name = oddText(r)
		}
		i := r.IntN(len(jobs))
		switch may := mayMatch(&f, rows[i]); {
		case f.Matches(jobs[i]) && !may:
			t.Errorf("%s is passed over by %+v: %s", jobs[i].ID, f, rows[i])
		case may:
			chosen++
		default:
			passed++
		}
	}
	if chosen < 100 || passed < 100 {
		t.Errorf("%d rows may match, %d do not", chosen, passed)
	}
}

// A row that is not as expected is decoded, and one that is cut short is no panic.
func TestGlanceOfLess(t *testing.T) {
	row, err := encodeRow(oddEntry(t, rand.New(rand.NewPCG(3, 4)), 1))
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(row) {
		for _, sort := range agent.Sorts() {
			glance(&agent.Filter{Sort: sort}, 1, row[:n])
		}
		mayMatch(&agent.Filter{Words: []string{"x"}, Name: "y", Labels: []string{"z"}}, row[:n])
	}
	if _, ok := glance(&agent.Filter{Sort: agent.SortRepo}, 1, []byte(fmt.Sprintf(`{"id":%d}`, 1))); ok {
		t.Error("a row without a state is enough")
	}
}
