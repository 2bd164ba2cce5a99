package agent_test

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"codeagent.dev/agent"
)

func TestParseQuery(t *testing.T) {
	for text, want := range map[string]agent.Query{
		"":                                {},
		" \t\n":                           {},
		"state:done,queued state:running": {Filter: agent.Filter{States: []agent.State{"done", "queued", "running"}}},
		"verdict:checks-failed,no_patch":  {Filter: agent.Filter{Verdicts: []agent.Verdict{"checks_failed", "no_patch"}}},
		"repo:api":                        {Filter: agent.Filter{Name: "api"}},
		"repo:/src/api":                   {Filter: agent.Filter{Repo: "/src/api"}},
		`repo:"/src/my api"`:              {Filter: agent.Filter{Repo: "/src/my api"}},
		"group:web,default label:a,b label:c maker:ollama/qwen3": {Filter: agent.Filter{
			Groups: []string{"web", "default"}, Labels: []string{"a", "b", "c"}, Makers: []string{"ollama/qwen3"}}},
		"sort:-cost":                {Filter: agent.Filter{Sort: agent.SortCost}},
		"sort:cost":                 {Filter: agent.Filter{Sort: agent.SortCost, Oldest: true}},
		"sort:verdict":              {Filter: agent.Filter{Sort: agent.SortVerdict}},
		"sort:-repo":                {Filter: agent.Filter{Sort: agent.SortRepo, Oldest: true}},
		"sort:id":                   {Filter: agent.Filter{Oldest: true}},
		"sort:-id":                  {},
		"limit:20 columns:id,title": {Filter: agent.Filter{Limit: 20}, Columns: []string{"id", "title"}},
		"STATE:done Größe":          {Filter: agent.Filter{States: []agent.State{"done"}, Words: []string{"Größe"}}},
		`fix "the parser" now`:      {Filter: agent.Filter{Words: []string{"fix", "the parser", "now"}}},
		`"state:done" "b c"d`:       {Filter: agent.Filter{Words: []string{"state:done", "b cd"}}},
		`"http"://x`:                {Filter: agent.Filter{Words: []string{"http://x"}}},
		`10:30 -x: ::`:              {Filter: agent.Filter{Words: []string{"10:30", "-x:", "::"}}},
		`label:a"b c"d`:             {Filter: agent.Filter{Labels: []string{"ab cd"}}},
		"maker:http://x:80":         {Filter: agent.Filter{Makers: []string{"http://x:80"}}},
		"日本\u3000語":                 {Filter: agent.Filter{Words: []string{"日本", "語"}}},
		`""`:                        {Filter: agent.Filter{Words: []string{""}}},
	} {
		got, err := agent.ParseQuery(text)
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || d != "" {
			t.Errorf("%q: %v (-want +got):\n%s", text, err, d)
		}
	}
}

// A query that makes no sense is refused with the word that does not, and a hint.
func TestParseQueryRefuses(t *testing.T) {
	for text, says := range map[string]string{
		"state:asleep":                   "asleep",
		"state:":                         "state",
		`label:""`:                       "label",
		"state:done,":                    `""`,
		"verdict:fine":                   "fine",
		"colour:red":                     "colour",
		`a:"b c"d`:                       `"a"`,
		"https://example.org":            "https",
		"sort:beauty":                    "beauty",
		"sort:--cost":                    "-cost",
		"sort:-":                         `""`,
		"limit:0":                        "limit:0",
		"limit:-3":                       "limit:-3",
		"limit:10001":                    "limit:10001",
		"limit:99999999999999999999":     "limit",
		"limit:ten":                      "ten",
		`"no end`:                        "quotation mark",
		`label:"x state:done`:            "quotation mark",
		"repo:":                          "repo",
		"group:":                         "group",
		strings.Repeat("x", 1000) + ":y": "xxx",
	} {
		_, err := agent.ParseQuery(text)
		if agent.CodeOf(err) != agent.Invalid || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40q: error %v has code %q; it is to name %q", text, err, agent.CodeOf(err), says)
		}
	}
	_, err := agent.ParseQuery("https://example.org")
	_, argument, _ := strings.Cut(agent.HintOf(err), "itself: ")
	argument, err = strconv.Unquote(argument) // as a shell does
	if err != nil {
		t.Fatal(err)
	}
	again, err := agent.ParseQuery(argument)
	if d := cmp.Diff([]string{"https://example.org"}, again.Words); err != nil || d != "" {
		t.Errorf("what the hint says to ask: %v (-want +got):\n%s", err, d)
	}
}

// Whatever is typed is a valid filter or an Invalid error that can be shown, and a word
// that stands in quotes is looked for as it is.
func FuzzParseQuery(f *testing.F) {
	for _, seed := range []string{
		"", `state:done verdict:verified,unverified repo:api "two words"`, "sort:-cost limit:20 columns:id,title", `"`, `a:"b`, "\xff:\x00", "größe:1", "::,,",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := agent.ParseQuery(text)
		if err != nil {
			if agent.CodeOf(err) != agent.Invalid || utf8.ValidString(text) && !utf8.ValidString(err.Error()) {
				t.Errorf("error %q has code %q", err, agent.CodeOf(err))
			}
		} else if err := q.Validate(); err != nil {
			t.Errorf("the filter of %q is not valid: %v", text, err)
		}
		if strings.Contains(text, `"`) || !utf8.ValidString(text) {
			return
		}
		q, err = agent.ParseQuery(`"` + text + `"`)
		if d := cmp.Diff([]string{text}, q.Words); err != nil || d != "" {
			t.Errorf("in quotes: %v (-want +got):\n%s", err, d)
		}
	})
}
