package check

import (
	"strings"
)

// tap reads the Test Anything Protocol, with the subtests of node:test, of bats, and of
// Perl's prove, whose own summary names the files.
type tap struct {
	file    string   // of prove -v
	names   []string // of the subtests around, by depth
	failed  []bool   // by depth: a subtest failed, so its parent is not named
	block   *block
	depth   int // of the last failure
	yaml    bool
	listed  string // of prove's summary
	version bool

	failures        *list
	passed, skipped int
	planned, seen   bool
}

const maxDepth = 16

func newTAP() *tap {
	return &tap{failures: newList(), names: make([]string, maxDepth+1), failed: make([]bool, maxDepth+2)}
}

func (t *tap) read(line string) {
	text := strings.TrimLeft(line, " ")
	indent := len(line) - len(text)
	depth := indent / 4
	if t.yaml {
		if t.yaml = text != "..."; t.yaml {
			t.block.add(line)
		}
		return
	}
	if t.listed != "" && indent == 2 {
		t.block.add(line)
		return
	}
	if depth > maxDepth || indent%4 != 0 {
		t.yaml = text == "---" && indent%4 == 2
		return
	}
	switch {
	case strings.HasPrefix(text, "TAP version "):
		t.version = true
	case strings.HasPrefix(text, "1..") && number(firstWord(text[3:])):
		t.planned = true
	case strings.HasPrefix(text, "# Subtest: "):
		t.names[depth] = strings.Clone(text[len("# Subtest: "):])
	case strings.HasPrefix(text, "ok "), text == "ok":
		t.pass(depth, text[2:])
	case strings.HasPrefix(text, "not ok"):
		t.fail(depth, text[len("not ok"):])
	case strings.HasPrefix(text, "#"):
		if t.block != nil && depth == t.depth {
			t.block.add(text[1:])
		}
	case indent == 0:
		t.prove(line)
	}
}

func firstWord(s string) string {
	word, _, _ := strings.Cut(s, " ")
	return word
}

// point reads " 2 - name # SKIP why".
func point(rest string) (name, directive string, ok bool) {
	rest = strings.TrimSpace(rest)
	num := firstWord(rest)
	if !number(num) {
		return "", "", false
	}
	name = strings.TrimPrefix(strings.TrimSpace(rest[len(num):]), "- ")
	if i := strings.LastIndex(name, "# "); i >= 0 && (i == 0 || name[i-1] == ' ') {
		directive = strings.ToLower(firstWord(strings.TrimSpace(name[i+2:])))
		name = name[:i]
	}
	if name = strings.TrimSpace(name); name == "" {
		name = "test " + num
	}
	return name, directive, true
}

func (t *tap) pass(depth int, rest string) {
	_, directive, ok := point(rest)
	if !ok {
		return
	}
	t.block = nil
	t.failed[depth+1] = false
	if strings.HasPrefix(directive, "skip") || directive == "todo" {
		t.skipped++
	} else {
		t.passed++
	}
}

func (t *tap) fail(depth int, rest string) {
	name, directive, ok := point(rest)
	if !ok {
		return
	}
	t.block = nil
	if directive == "todo" || strings.HasPrefix(directive, "skip") {
		t.skipped++
		return
	}
	inner := t.failed[depth+1]
	t.failed[depth+1] = false
	t.failed[depth] = true
	if inner {
		return // its subtests are named
	}
	id := strings.Join(append(append([]string{}, t.names[:depth]...), name), " > ")
	if t.file != "" {
		id = t.file + " " + id
	}
	t.depth = depth
	t.block = t.failures.open(id, false)
}

// prove reads "a.t ....." before a file's tests, and of the summary
// "a.t   (Wstat: 256 (exited 1) Tests: 4 Failed: 1)" with its indented reasons.
func (t *tap) prove(line string) {
	if file, dots, ok := strings.Cut(line, " "); ok && strings.Contains(file, ".t") && strings.Trim(dots, ". ") == "" && strings.Contains(dots, "..") {
		t.file, t.block = strings.Clone(file), nil
		return
	}
	if name, rest, ok := strings.Cut(line, "(Wstat: "); ok && strings.Contains(rest, "Tests: ") {
		t.seen = true
		t.listed = strings.Clone(strings.TrimSpace(name))
		for _, e := range t.failures.all {
			if strings.HasPrefix(e.id, t.listed+" ") {
				t.block = nil
				return
			}
		}
		t.block = t.failures.open(t.listed, true)
		t.depth = -1
		return
	}
	if strings.HasPrefix(line, "Files=") || strings.HasPrefix(line, "Result: ") {
		t.block, t.listed = nil, ""
		t.seen = t.seen || line == "Result: PASS"
	}
}

func (t *tap) report() report {
	if !t.seen && !t.version && !t.planned {
		return report{}
	}
	if t.passed+t.skipped+len(t.failures.all) == 0 {
		return report{}
	}
	return report{"tap", t.passed, t.skipped, t.failures}
}
