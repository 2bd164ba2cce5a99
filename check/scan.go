package check

import (
	"hash/maphash"
	"path"
	"strings"
	"unicode/utf8"
)

// Bounds of what is looked at in one file; a bigger one is compared by what is within.
const (
	maxFile  = 4 << 20
	maxTests = 5000 // of a file
)

// scan is a file's tests and markers.
type scan struct {
	lang  *lang
	path  string
	tests []*unit
	marks []mark

	helpers     int    // lines outside of tests that check something
	class       string // of Python
	classIndent int
	marked      bool // an attribute said that a test follows
	open        *unit
}

// unit is one test.
type unit struct {
	name    string
	path    string
	line    int // from 1
	indent  int
	asserts int
	throws  int            // of the asserts, how many expect an exception
	lines   map[uint64]int // how often each line stands in its body
	size    int            // lines of the body that say something
	taken   bool           // it has its partner on the other side
}

// mark is a line that skips, focuses or silences.
type mark struct {
	kind Kind
	line int
	text string
	word string // of a suppression: what silences
	unit *unit  // nil: of no test
}

// takeMark reports whether an attribute marked what begins here, once.
func (s *scan) takeMark() bool {
	was := s.marked
	s.marked = false
	return was
}

func indent(line string) int {
	n := 0
	for _, c := range line {
		switch c {
		case ' ':
			n++
		case '\t':
			n += 4
		default:
			return n
		}
	}
	return n
}

// scanFile finds the tests of a file of tests, and the marks of any file.
func scanFile(name string, content []byte, seed maphash.Seed) *scan {
	s := &scan{path: name, lang: langOf(name)}
	if len(content) > maxFile {
		content = content[:maxFile]
	}
	if s.lang == nil || !textual(content) {
		return s
	}
	isTest := IsTest(name) || inline(name)
	number := 0
	var pending []mark // of attributes and decorators above a test
	for line := range strings.Lines(string(content)) {
		number++
		line = strings.TrimRight(line, "\r\n")
		trimmed := strings.TrimSpace(line)
		if trimmed == "" {
			continue
		}
		if isTest {
			pending = s.test(line, trimmed, number, pending, seed)
		}
		s.silence(trimmed, number)
	}
	s.marks = append(s.marks, pending...)
	return s
}

// inline reports whether a language keeps its tests in the files of its code.
func inline(name string) bool { return path.Ext(name) == ".rs" }

func textual(content []byte) bool {
	head := content[:min(len(content), 8000)]
	return !strings.Contains(string(head), "\x00") && (utf8.Valid(head) || len(head) == 8000)
}

// test takes a line of a file of tests.
func (s *scan) test(line, trimmed string, number int, pending []mark, seed maphash.Seed) []mark {
	depth := indent(line)
	comment := s.comment(trimmed)
	if s.open != nil && depth <= s.open.indent && !comment && s.ends(line, trimmed) {
		s.open = nil
	}
	if s.class != "" && depth <= s.classIndent && !comment && !strings.HasPrefix(trimmed, "class ") {
		s.class = ""
	}
	name, ok := s.lang.start(s, line, trimmed)
	if ok && name != "" && len(s.tests) < maxTests && !(comment && !strings.HasPrefix(trimmed, "*")) {
		s.open = &unit{name: cut(strings.Clone(name), maxID), path: s.path, line: number, indent: depth, lines: map[uint64]int{}}
		s.tests = append(s.tests, s.open)
		for i := range pending {
			pending[i].unit = s.open
		}
		s.marks = append(s.marks, pending...)
		pending = nil
	}
	if comment && !strings.Contains(trimmed, "utput:") {
		return pending
	}
	if s.open != nil {
		s.open.lines[maphash.String(seed, trimmed)]++
		s.open.size++
		if contains(trimmed, s.lang.asserts) {
			s.open.asserts++
			if contains(trimmed, throwing) {
				s.open.throws++
			}
		}
	} else if contains(trimmed, s.lang.asserts) {
		s.helpers++
	}
	for _, m := range s.markers(trimmed, number) {
		if m.unit = s.open; s.open == nil && (strings.HasPrefix(trimmed, "@") || strings.HasPrefix(trimmed, "#[") || strings.HasPrefix(trimmed, "[")) {
			pending = append(pending, m)
			continue
		}
		s.marks = append(s.marks, m)
	}
	if s.open == nil && len(pending) > 0 && !strings.HasPrefix(trimmed, "@") && !strings.HasPrefix(trimmed, "#[") && !strings.HasPrefix(trimmed, "[") {
		s.marks = append(s.marks, pending...)
		pending = nil
	}
	return pending
}

// throwing are the checks that expect an exception of what they call.
var throwing = []string{"assertThrows", "assertFailsWith", "assertRaises", "pytest.raises", "toThrow", "rejects", "assert.throws", "Assert.Throws", "raise_error"}

// ends reports whether a line that is no deeper than the open test is beyond it. A Go
// file is formatted, and its raw strings reach the margin: only a declaration ends a test there.
func (s *scan) ends(line, trimmed string) bool {
	if path.Ext(s.path) == ".go" {
		return contains(line[:min(len(line), 6)], []string{"func ", "type ", "var ", "const "})
	}
	return !closing(trimmed)
}

// closing reports whether a line only ends what is open.
func closing(trimmed string) bool {
	return strings.Trim(trimmed, "})];,") == "" || trimmed == "end" || strings.HasPrefix(trimmed, "}") || trimmed == "{"
}

func (s *scan) comment(trimmed string) bool {
	for _, c := range s.lang.comments {
		if strings.HasPrefix(trimmed, c) && !strings.HasPrefix(trimmed, "#[") {
			return true
		}
	}
	return false
}

func (s *scan) markers(trimmed string, number int) []mark {
	var found []mark
	if containsWord(trimmed, s.lang.skips) {
		found = append(found, mark{kind: SkipAdded, line: number, text: trimmed})
	}
	if containsWord(trimmed, s.lang.focus) {
		found = append(found, mark{kind: FocusAdded, line: number, text: trimmed})
	}
	if s.lang.comments[0] == "//" && path.Ext(s.path) == ".rs" && len(found) == 1 && strings.Contains(trimmed, "cfg_attr(") && !strings.Contains(trimmed, "ignore") {
		return nil
	}
	return found
}

func contains(line string, words []string) bool {
	for _, w := range words {
		if strings.Contains(line, w) {
			return true
		}
	}
	return false
}

// containsWord is contains for words that must not be the end of a longer one: xit( is not exit(.
func containsWord(line string, words []string) bool {
	for _, w := range words {
		for from := 0; ; {
			i := strings.Index(line[from:], w)
			if i < 0 {
				break
			}
			i += from
			if i == 0 || !letter(w[0]) || stands(line[i-1], w) {
				return true
			}
			from = i + len(w)
		}
	}
	return false
}

// stands reports whether a word may stand behind a byte: not within a longer name, not at
// the start of a string, and a bare call not as another's method (model.fit).
func stands(c byte, w string) bool {
	bare := strings.HasSuffix(w, "(") && !strings.Contains(w, ".")
	return !letter(c) && c != '\'' && c != '"' && (c != '.' || !bare)
}

func letter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// suppressions are the comments that silence a compiler or linter.
var suppressions = []string{
	"//nolint", "// nolint", "//lint:ignore", "#nosec", "# noqa", "#noqa", "# type: ignore", "# pyright: ignore", "# pylint: disable", "# mypy: ignore", "# pragma: no cover",
	"eslint-disable", "@ts-ignore", "@ts-nocheck", "@ts-expect-error", "biome-ignore", "prettier-ignore", "istanbul ignore", "c8 ignore", "v8 ignore",
	"#[allow(", "#![allow(", "@SuppressWarnings", "@Suppress(", "// NOLINT", "//NOLINT", "#pragma warning disable", "rubocop:disable", "# shellcheck disable", "phpcs:ignore", "@phpstan-ignore",
	"@psalm-suppress", "//go:build ignore", "swiftlint:disable",
}

// suppression returns what silences a linter in a line, if it does not stand in a string.
func suppression(line string) string {
	for _, w := range suppressions {
		i := strings.Index(line, w)
		if i >= 0 && strings.Count(line[:i], `"`)%2 == 0 && strings.Count(line[:i], "`")%2 == 0 && (i == 0 || line[i-1] != '\'') {
			return w
		}
	}
	return ""
}

// blanket reports whether a suppression names no rule, so that it silences all of them,
// or does so in the whole file.
func blanket(line, word string) bool {
	_, rest, _ := strings.Cut(line, word)
	rest = strings.TrimSpace(rest)
	switch word {
	case "//nolint", "// nolint":
		return !strings.HasPrefix(rest, ":") || strings.HasPrefix(rest, ":all")
	case "# noqa", "#noqa":
		return !strings.HasPrefix(rest, ":")
	case "# type: ignore", "# pyright: ignore":
		return !strings.HasPrefix(rest, "[")
	case "eslint-disable":
		rule := strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(rest, "-next-line"), "-line"))
		return strings.TrimSpace(strings.TrimSuffix(rule, "*/")) == "" || rest == rule
	case "@ts-ignore", "@ts-nocheck", "//go:build ignore", "# mypy: ignore", "// NOLINT", "//NOLINT":
		return !strings.HasPrefix(rest, "(")
	}
	return false
}

func (s *scan) silence(trimmed string, number int) {
	if word := suppression(trimmed); word != "" {
		s.marks = append(s.marks, mark{kind: SuppressionAdded, line: number, text: trimmed, word: word})
	}
	if (strings.HasPrefix(trimmed, "//go:build ") || strings.HasPrefix(trimmed, "// +build ")) && strings.HasSuffix(s.path, "_test.go") {
		s.marks = append(s.marks, mark{kind: BuildTagAdded, line: number, text: trimmed})
	}
}
