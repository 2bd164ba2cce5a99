package check

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/maphash"
	"path"
	"strings"
)

// Change is what a patch does to one file.
type Change struct {
	Path    string // after it; of a deleted file the old path
	OldPath string // where it differs: the file was renamed
	Old     []byte // nil: there was none
	New     []byte // nil: there is none any more
}

func (c Change) old() string { return cmp.Or(c.OldPath, c.Path) }

// Kind names one way to weaken tests or checks.
type Kind string

// The kinds of findings.
const (
	TestRemoved      Kind = "test_removed"      // a test is gone, and none like it has come
	FileRemoved      Kind = "test_file_removed" // a file of tests is gone, or is renamed to what no runner looks for
	SkipAdded        Kind = "skip_added"        // a test that was there is skipped, or may fail
	FocusAdded       Kind = "focus_added"       // only some tests run
	AssertsDropped   Kind = "asserts_dropped"   // a test checks less
	SnapshotChanged  Kind = "snapshot_changed"  // what tests compare with
	ConfigChanged    Kind = "config_changed"    // what runs the checks, and how
	BuildTagAdded    Kind = "build_tag_added"   // a build constraint of a file of tests
	SuppressionAdded Kind = "suppression_added" // a compiler or linter is silenced
)

// Finding is one of them, for a person to look at.
type Finding struct {
	Kind    Kind   `json:"kind"`
	Path    string `json:"path"`
	Line    int    `json:"line,omitempty"` // from 1, of the new file, of what is removed of the old one; 0: the file as a whole
	Name    string `json:"name,omitempty"` // of the test
	Text    string `json:"text"`           // one line
	Warning bool   `json:"warning"`        // the checks may prove less than before; else it is only said
}

const (
	maxFindings = 200
	maxPairs    = 2_000_000 // lines compared to find what moved
)

// Tampering finds what a patch takes from the tests and checks. It reads contents alone,
// so it shows and does not judge: a removed test may have tested a removed function. New
// tests are no finding, and a test that moved or got another name is the same test. The
// findings come in the order of the changes, at most 200.
func Tampering(changes []Change) []Finding {
	t := &tampering{seed: maphash.MakeSeed()}
	for _, c := range changes {
		if c.Old != nil || c.New != nil {
			t.read(c)
		}
	}
	t.match()
	t.lost = t.losses()
	for i := range t.files {
		t.judge(&t.files[i])
	}
	return t.found[:min(len(t.found), maxFindings)]
}

type tampering struct {
	seed  maphash.Seed
	files []changed
	pairs map[*unit]*unit // of a new test: the old one
	lost  map[string]int  // suppressions that are gone from some file
	found []Finding
}

// changed is a Change with what its two sides hold.
type changed struct {
	Change
	before, after *scan
}

func (t *tampering) read(c Change) {
	if vendored(c.Path) || bytes.Equal(c.Old, c.New) && c.OldPath == "" {
		return
	}
	f := changed{Change: c, before: &scan{}, after: &scan{}}
	if c.Old != nil {
		f.before = scanFile(c.old(), c.Old, t.seed)
	}
	if c.New != nil {
		f.after = scanFile(c.Path, c.New, t.seed)
	}
	t.files = append(t.files, f)
}

// match finds for every test of the old side the one of the new side that it is now:
// by name in its own file, by name elsewhere, by what it does.
func (t *tampering) match() {
	t.pairs = map[*unit]*unit{}
	var before, after []*unit
	for _, f := range t.files {
		pairByName(f.before.tests, f.after.tests, t.pairs)
	}
	for _, f := range t.files {
		before, after = append(before, free(f.before.tests)...), append(after, free(f.after.tests)...)
	}
	t.pairAlike(before, after, true)
	t.pairAlike(free(before), free(after), false)
}

func pairByName(before, after []*unit, pairs map[*unit]*unit) {
	byName := map[string][]*unit{}
	for _, u := range after {
		byName[u.name] = append(byName[u.name], u)
	}
	for _, u := range before {
		if same := byName[u.name]; len(same) > 0 {
			pairs[same[0]], u.taken, same[0].taken = u, true, true
			byName[u.name] = same[1:]
		}
	}
}

func free(tests []*unit) []*unit {
	var rest []*unit
	for _, u := range tests {
		if !u.taken {
			rest = append(rest, u)
		}
	}
	return rest
}

// pairAlike pairs tests by their bodies: of one name a third in common will do, of two
// names it takes more than half. The best partner is taken, within maxPairs.
func (t *tampering) pairAlike(before, after []*unit, named bool) {
	work := 0
	byName := map[string][]*unit{}
	for _, u := range after {
		byName[u.name] = append(byName[u.name], u)
	}
	for _, old := range before {
		candidates, least := after, 0.5
		if named {
			candidates, least = byName[old.name], 0.34
		}
		var best *unit
		for _, u := range candidates {
			if u.taken || u.size > 4*old.size+4 || old.size > 4*u.size+4 {
				continue
			}
			if work += len(old.lines); work > maxPairs {
				return
			}
			if share := alike(old, u); share > least {
				best, least = u, share
			}
		}
		if best != nil {
			t.pairs[best], best.taken, old.taken = old, true, true
		}
	}
}

// alike returns how much of two bodies is in common, from 0 to 1. The line with the name
// differs where a test is renamed, so it counts for neither.
func alike(a, b *unit) float64 {
	common := 0
	for line, n := range a.lines {
		common += min(n, b.lines[line])
	}
	most := max(a.size, b.size) - 1
	if most <= 0 {
		if common > 0 {
			return 1
		}
		return 0
	}
	return float64(common) / float64(most)
}

// judge says what a change does to one file.
func (t *tampering) judge(f *changed) {
	switch {
	case vanished(f):
		t.removedFile(f)
	case f.New == nil && f.before.lang == nil && runnable(f.Path): // its language is not known, its name says enough
		t.add(Finding{Kind: FileRemoved, Path: f.Path, Text: "test file deleted", Warning: true})
	default:
		for _, u := range free(f.before.tests) {
			t.add(Finding{Kind: TestRemoved, Path: f.old(), Line: u.line, Name: u.name, Text: "test removed: " + u.name, Warning: true})
		}
	}
	t.assertions(f)
	t.markers(f)
	switch {
	case f.Old != nil && snapshot(f.old()) && !bytes.Equal(f.Old, f.New):
		what := "changed"
		if f.New == nil {
			what = "deleted"
		}
		t.add(Finding{Kind: SnapshotChanged, Path: f.Path, Text: "what tests compare with is " + what})
	default:
		t.found = append(t.found, config(f.Change)...)
	}
}

// vanished reports whether a file of tests is none any more.
func vanished(f *changed) bool {
	if f.Old == nil || len(f.before.tests) == 0 || !IsTest(f.old()) {
		return false
	}
	return f.New == nil || f.OldPath != "" && (!IsTest(f.Path) || runnable(f.OldPath) && !runnable(f.Path))
}

// runnable reports whether a runner would find the file by its name.
func runnable(name string) bool { return testName(path.Base(name)) }

func (t *tampering) removedFile(f *changed) {
	gone := free(f.before.tests)
	if f.New != nil {
		gone = f.before.tests // no runner looks for them there
	}
	if len(gone) == 0 {
		return
	}
	var names []string
	for _, u := range gone[:min(3, len(gone))] {
		names = append(names, u.name)
	}
	if n := len(gone) - len(names); n > 0 {
		names = append(names, fmt.Sprintf("and %d more", n))
	}
	what := "test file deleted"
	if f.New != nil {
		what = "test file renamed to " + f.Path
	}
	t.add(Finding{Kind: FileRemoved, Path: f.old(), Text: fmt.Sprintf("%s with %d tests: %s", what, len(gone), strings.Join(names, ", ")), Warning: true})
}

// assertions compares how often each test checks something. A test that checks half as
// often as before, or nothing, is a warning, unless its checks are now in a helper. One
// line that expects an exception does what took two: to fail behind the call, and to look
// at what was caught.
func (t *tampering) assertions(f *changed) {
	for _, u := range f.after.tests {
		old := t.pairs[u]
		if old == nil || u.asserts+max(0, u.throws-old.throws) >= old.asserts {
			continue
		}
		t.add(Finding{
			Kind: AssertsDropped, Path: f.Path, Line: u.line, Name: u.name, Warning: u.asserts*2 <= old.asserts && old.asserts-u.asserts > f.after.helpers-f.before.helpers,
			Text: fmt.Sprintf("%s checks less: %d assertions, %d before", u.name, u.asserts, old.asserts),
		})
	}
}

// markers reports marks of the new side that the old side has fewer of. A mark within a
// new test takes nothing from the old ones, unless it stops the others from running.
func (t *tampering) markers(f *changed) {
	for _, m := range t.come(f) {
		fresh := f.Old == nil || m.unit != nil && t.pairs[m.unit] == nil
		if fresh && (m.kind == SkipAdded || m.kind == BuildTagAdded) {
			continue
		}
		if m.unit != nil && f.Old != nil && t.moved(m) {
			continue
		}
		finding := Finding{Kind: m.kind, Path: f.Path, Line: m.line, Text: tidy(m.text), Warning: m.word == "" || blanket(m.text, m.word)}
		if m.unit != nil && m.kind != SuppressionAdded {
			finding.Name = m.unit.name
		}
		t.add(finding)
	}
}

// come returns the marks that the new side has more of. A suppression on a line that
// was rewritten, or that came from another file, silences no more than it did.
func (t *tampering) come(f *changed) []mark {
	had, words := map[string]int{}, map[string]int{}
	for _, m := range f.before.marks {
		had[m.of(m.unit)]++
		words[m.word]++
	}
	var rest, fresh []mark
	for _, m := range f.after.marks {
		if key := m.of(t.pairs[m.unit]); had[key] > 0 {
			had[key]--
			words[m.word]--
		} else {
			rest = append(rest, m)
		}
	}
	for _, m := range rest {
		switch {
		case m.word != "" && words[m.word] > 0:
			words[m.word]--
		case m.word != "" && t.lost[m.key()] > 0:
			t.lost[m.key()]--
		default:
			fresh = append(fresh, m)
		}
	}
	return fresh
}

// losses counts the suppressions that each file has fewer of.
func (t *tampering) losses() map[string]int {
	lost := map[string]int{}
	for _, f := range t.files {
		now := map[string]int{}
		for _, m := range f.after.marks {
			now[m.key()]++
		}
		for _, m := range f.before.marks {
			if key := m.key(); now[key] > 0 {
				now[key]--
			} else if m.word != "" {
				lost[key]++
			}
		}
	}
	return lost
}

// of is the key of a mark that belongs to a test of the old side: a skip that goes from one
// test to another is a new one.
func (m mark) of(old *unit) string {
	if old == nil || m.word != "" {
		return m.key()
	}
	return old.name + " " + m.key()
}

func (m mark) key() string { return string(m.kind) + " " + m.text }

// moved reports whether a mark came with a test from another file.
func (t *tampering) moved(m mark) bool {
	old := t.pairs[m.unit]
	if old == nil || old.path == m.unit.path {
		return false
	}
	for _, f := range t.files {
		for _, before := range f.before.marks {
			if before.unit == old && before.key() == m.key() {
				return true
			}
		}
	}
	return false
}

func (t *tampering) add(f Finding) {
	if len(t.found) < maxFindings {
		t.found = append(t.found, f)
	}
}
