package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// floor is the least that must come of the cases of a file in a format.
type floor struct {
	origin, format string  // the file's name without endings; "" is all formats
	rate           float64 // right, or refused where that is as good, in per cent
	wrong, bad     int     // at most so many in a wrong place, and applied against the rule; -1: not held
}

// floors are what the library is held to where the corpus is at hand. They are set to
// what was reached, never lowered without a reason in the commit.
var floors = []floor{
	{"mutation.dev", "udiff", 98.9, 0, 0},
	{"mutation.dev", "applypatch", 98.9, 0, 0},
	{"mutation.dev", "searchreplace", 98.6, 0, 0},
	{"mutation.dev", "json", 97.4, 0, 0},
	{"mutation.dev", "wholefile", 100, 0, 0},
	{"aider-real.dev", "", 100, 0, 0},
	{"agents-v4a", "", 100, 0, 0},
	{"aider", "", 100, 0, 0},
	{"cline", "", 100, 0, 0},
	{"git-t", "", 100, 0, 0},
	{"go-gitdiff", "", 100, 0, 0},
}

// TestCorpus holds the library to the floors. The corpus is not part of this
// repository: its cases have other projects' licences.
func TestCorpus(t *testing.T) {
	dir := os.Getenv("AGENT_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "corpus") // beside the checkout
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("there is no corpus at %s; name one with AGENT_CORPUS", dir)
	}
	cases, err := load([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	outcomes := runAll(cases, runtime.GOMAXPROCS(0), false)
	tallies := group(outcomes, func(o *outcome) []string { return []string{o.origin + " ", o.origin + " " + string(o.format)} })
	for _, f := range floors {
		got := tallies[f.origin+" "+f.format]
		if got == nil {
			t.Logf("the corpus has no %s %s", f.origin, f.format)
			continue
		}
		if got.rate() < f.rate {
			t.Errorf("%s %s: %.2f %% are right, want %.2f %%%s", f.origin, f.format, got.rate(), f.rate, got.lines(refused, blanks, noop))
		}
		if f.wrong >= 0 && got.wrong > f.wrong {
			t.Errorf("%s %s: %d are WRONG, want %d%s", f.origin, f.format, got.wrong, f.wrong, got.lines(wrong))
		}
		if f.bad >= 0 && got.bad > f.bad {
			t.Errorf("%s %s: %d were applied that must be refused, want %d%s", f.origin, f.format, got.bad, f.bad, got.lines(bad))
		}
	}
}

// lines lists the cases with these verdicts, at most as many as a person reads.
func (t *tally) lines(verdicts ...verdict) string {
	const most = 20
	var lines []string
	for _, o := range t.all {
		for _, v := range verdicts {
			if o.verdict == v && !o.good() && o.policy == "" {
				lines = append(lines, "\n  "+o.line())
			}
		}
	}
	if len(lines) > most {
		lines = append(lines[:most], "\n  and more: go run ./scripts/corpus -list all")
	}
	return strings.Join(lines, "")
}
