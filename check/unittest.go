package check

import "strings"

// unittest reads Python's unittest, and Django's runner, which prints the same.
type unittest struct {
	ruled    bool // the line before was a rule of =
	block    *block
	rules    int // rules of - since the title
	failures *list

	ran, skipped int
	seen         bool
}

func newUnittest() *unittest { return &unittest{failures: newList()} }

func (u *unittest) read(line string) {
	ruled := u.ruled
	u.ruled = len(line) >= 60 && strings.Trim(line, "=") == ""
	switch {
	case u.ruled:
		u.block = nil
	case ruled:
		u.title(line)
	case len(line) >= 60 && strings.Trim(line, "-") == "":
		if u.rules++; u.rules > 1 {
			u.block = nil
		}
	case u.block == nil:
		u.totals(line)
	case u.rules > 0:
		u.block.add(line)
	}
}

// title reads "FAIL: test_a (module.Class.test_a) (i=0)"; before Python 3.11 the name was
// not repeated in the brackets.
func (u *unittest) title(line string) {
	word, rest, ok := strings.Cut(line, ": ")
	if !ok || word != "FAIL" && word != "ERROR" {
		return
	}
	name, rest, ok := strings.Cut(rest, " (")
	class, sub, closed := strings.Cut(rest, ")")
	if !ok || !closed || strings.ContainsAny(name, " \t") {
		return
	}
	id, suite := class, false
	switch {
	case name == "setUpClass", name == "tearDownClass", name == "setUpModule", name == "tearDownModule":
		suite = true
	case class == "unittest.loader._FailedTest", class == "unittest.loader._FailedTest."+name:
		id, suite = name, true
	case !strings.HasSuffix(class, "."+name):
		id = class + "." + name
	}
	u.rules = 0
	u.block = u.failures.open(id+sub, suite)
}

func (u *unittest) totals(line string) {
	if rest, ok := strings.CutPrefix(line, "Ran "); ok {
		if n, word, ok := leading(rest); ok && strings.HasPrefix(word, "test") {
			u.ran, u.seen = u.ran+n, true
		}
		return
	}
	if !u.seen || !strings.HasPrefix(line, "OK (") && !strings.HasPrefix(line, "FAILED (") {
		return
	}
	_, counts, _ := strings.Cut(strings.TrimSuffix(line, ")"), "(")
	for part := range strings.SplitSeq(counts, ", ") {
		word, num, _ := strings.Cut(part, "=")
		if word == "skipped" && number(num) {
			u.skipped += atoi(num)
		}
	}
}

func (u *unittest) report() report {
	if !u.seen {
		return report{}
	}
	failed := map[string]bool{} // several subtests of a test count once
	for _, e := range u.failures.all {
		if test, _, _ := strings.Cut(e.id, " "); !e.suite {
			failed[test] = true
		}
	}
	return report{"unittest", max(0, u.ran-u.skipped-len(failed)), u.skipped, u.failures}
}
