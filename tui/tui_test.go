package tui

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

const commit = "0123456789abcdef0123456789abcdef01234567"

// threeVariants is a job of which one variant is verified, one fails, one conflicts.
func threeVariants() agent.Job {
	job := agent.Job{
		ID:      12,
		Created: noon.Add(-5 * time.Minute),
		Spec: agent.Spec{
			Kind: agent.Command, Title: "./rewrite.sh", Text: "./rewrite.sh\n--all\n", Repo: "/home/ada/src/tool", Base: commit,
			Checks: []agent.Check{{Name: "go vet", Run: "go vet ./..."}, {Name: "tests", Run: "go test ./..."}},
			Origin: agent.Origin{Via: "cli", User: "ada"},
		},
		Variants: []agent.Variant{
			{
				Number: 1, State: agent.Done, Verdict: agent.ChecksFailed, Reason: "tests failed", Commit: commit, Maker: "command",
				Started: noon.Add(-4 * time.Minute), Ended: noon.Add(-3 * time.Minute), Stat: agent.Stat{Files: 1, Added: 2, Removed: 1},
				Checks: []agent.CheckResult{
					{Name: "go vet", Outcome: agent.CheckAlready, Exit: 1, Reason: "exit status 1", Took: agent.Duration(time.Second), Tail: "x.go:1: old trouble\n"},
					{Name: "tests", Outcome: agent.CheckBroke, Exit: 1, Reason: "exit status 1", Took: agent.Duration(1500 * time.Millisecond), Tail: "\x1b[31m--- FAIL: TestX\x1b[0m\nFAIL\n"},
				},
			},
			{
				Number: 2, State: agent.Done, Verdict: agent.Verified, Commit: commit, Maker: "command",
				Started: noon.Add(-4 * time.Minute), Ended: noon.Add(-2 * time.Minute), Stat: agent.Stat{Files: 2, Added: 10, Removed: 3},
				Checks: []agent.CheckResult{
					{Name: "go vet", Outcome: agent.CheckFixed, Took: agent.Duration(time.Second)},
					{Name: "tests", Outcome: agent.CheckPassed, Took: agent.Duration(65 * time.Second)},
				},
			},
			{
				Number: 3, State: agent.Done, Verdict: agent.Conflict, Reason: "hunk 1 of a.go: line 3 differs",
				Started: noon.Add(-4 * time.Minute), Ended: noon.Add(-3 * time.Minute),
			},
		},
	}
	job.Settle()
	return job
}

func card(t *testing.T, job agent.Job, variant int) string {
	t.Helper()
	var b strings.Builder
	if err := Card(&b, Style{}, job, variant, noon); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestCardTellsVerdictsChecksAndWhatToDo(t *testing.T) {
	golden(t, "card-three-variants", card(t, threeVariants(), 0))
	golden(t, "card-one-variant", card(t, threeVariants(), 1))
}

func TestCardShowsWhatAPatchExpected(t *testing.T) {
	job := threeVariants()
	job.Variants[2].Attempts = []agent.Attempt{{Try: 1, Verdict: agent.Conflict, Rejection: &agent.Rejection{
		Kind: "conflict", Path: "a.go", Hunk: 1, Reason: "its old text stands nowhere", Similarity: 66, At: 40, Differs: 15,
		Expected: append(slices.Repeat([]string{"same \x1b[31m"}, 14), "  other", "end"),
		Found:    append(slices.Repeat([]string{"same"}, 14), "\tother", "end", "more"),
	}}}
	golden(t, "card-rejection", card(t, job, 3))
}

func TestVerdictsOnANarrowTerminal(t *testing.T) {
	var b strings.Builder
	if err := WriteVerdicts(&b, Style{}, 90, noon, threeVariants()); err != nil {
		t.Fatal(err)
	}
	golden(t, "verdicts-90", b.String())
}

func TestCardSaysUnverified(t *testing.T) {
	job := threeVariants()
	job.Spec.Checks = nil
	job.Variants = job.Variants[1:2]
	job.Variants[0].Number, job.Variants[0].Verdict, job.Variants[0].Checks = 1, agent.Unverified, nil
	job.Settle()
	got := card(t, job, 0)
	golden(t, "card-unverified", got)
	if n := strings.Count(got, "unverified"); n < 3 {
		t.Errorf("unverified is said %d times", n)
	}
}

func TestCardOfWhatIsNotDone(t *testing.T) {
	job := threeVariants()
	for i := range job.Variants {
		job.Variants[i] = agent.Variant{Number: i + 1, State: agent.Queued}
	}
	job.Variants[0].State, job.Variants[0].Started = agent.Running, noon.Add(-time.Second)
	job.Settle()
	golden(t, "card-running", card(t, job, 0))
}

func TestTableAlignsByDisplayWidth(t *testing.T) {
	table := Table{Head: []string{"NAME", "N"}}
	table.Add("日本", "1")
	table.Add("\x1b[1mbold\x1b[0m", "2")
	table.Add("é", "3 is cut here")
	var b strings.Builder
	if err := table.Write(&b, Style{}, 12); err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n") {
		at := strings.IndexAny(line, "N123")
		if i == 0 {
			at = strings.LastIndex(line, "N")
		}
		if i == 2 {
			at = strings.Index(line, "2")
		}
		if Width(line[:at]) != 6 {
			t.Errorf("the second column of %q begins at %d", line, Width(line[:at]))
		}
		if Width(line) > 12 {
			t.Errorf("%q is %d wide", line, Width(line))
		}
	}
}

func TestWhatComesFromElsewhereCannotDriveTheTerminal(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                        "plain",
		"\x1b[2Jgone\x1b]0;title\a":    "gone",
		"bell\a nul\x00":               "bell� nul�",
		"right\u202eto left":           "right�to left",
		"bad \xff utf-8":               "bad � utf-8",
		"\x9b31mcsi":                   "�31mcsi",
		"tab\tand\r\nline":             "tab\tand\nline",
		"\u009b2J and \u0085 and \x7f": "�2J and � and �",
	} {
		got := Clean(in)
		if strings.ContainsAny(got, "\x1b\x07\x00\x7f") {
			t.Errorf("Clean(%q) = %q keeps a control character", in, got)
		}
		if got != want && !strings.Contains(in, "\u009b") {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
	if got := Line("two\n lines\t"); got != "two lines" {
		t.Errorf("Line: %q", got)
	}
}

func TestTimesReadAsPeopleSayThem(t *testing.T) {
	for _, c := range []struct {
		ago  time.Duration
		want string
	}{
		{-time.Hour, "just now"}, {0, "just now"}, {30 * time.Second, "30s ago"}, {90 * time.Second, "1m ago"},
		{3 * time.Hour, "3h ago"}, {49 * time.Hour, "2d ago"}, {90 * 24 * time.Hour, "2025-12-04"},
	} {
		if got := Ago(noon.Add(-c.ago), noon); got != c.want {
			t.Errorf("Ago(%v) = %q, want %q", c.ago, got, c.want)
		}
	}
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 85 * time.Millisecond: "85ms", 4200 * time.Millisecond: "4.2s", 42 * time.Second: "42s",
		190 * time.Second: "3m10s", 125 * time.Minute: "2h05m",
	} {
		if got := Took(d); got != want {
			t.Errorf("Took(%v) = %q, want %q", d, got, want)
		}
	}
}
