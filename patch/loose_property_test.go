package patch

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

const looseRounds = 300

// eachChange calls do for many made-up changes, half of them of files whose lines repeat.
func eachChange(t *testing.T, seed uint64, do func(t *testing.T, m *changer, c change)) {
	for i := range looseRounds {
		m := &changer{Rand: rand.New(rand.NewPCG(seed, uint64(i))), repeats: i%2 == 1}
		c := m.make(m.file(i%4 < 2))
		if do(t, m, c); t.Failed() {
			t.Fatalf("in round %d", i)
		}
	}
}

// once applies a text to a tree with the file src/f, and returns what becomes of it.
func once(text string, format Format, content string, reverse bool) (string, error) {
	tree := memTree{"src/f": {ModeFile, []byte(content)}}
	res, err := Apply([]byte(text), tree, Options{Format: format, Reverse: reverse})
	if err != nil {
		return "", err
	}
	if after := tree.with(res.Writes); len(after) == 1 {
		return string(after["src/f"].data), nil
	}
	return fmt.Sprint(res.Writes), nil
}

// TestLooseExact applies changes as they are: the result is exactly the new file, and
// the way back leads to the old one. What is refused has several places.
func TestLooseExact(t *testing.T) {
	refused, total := 0, 0
	eachChange(t, 1, func(t *testing.T, m *changer, c change) {
		old, new := c.side(false), c.side(true)
		for format, text := range c.renderings(t, "src/f") {
			for _, named := range [...]Format{"", format} {
				total++
				got, err := once(text, named, old, false)
				switch {
				case err != nil && m.certain(c):
					t.Errorf("%s: %v\n%s\n%s", format, err, text, old)
				case err != nil:
					refused++
				case got != new:
					t.Errorf("%s: got\n%s\nwant\n%s\nof\n%s", format, got, new, text)
				}
			}
			if got, err := once(text, format, new, true); err == nil && got != old {
				t.Errorf("%s reversed: got\n%s\nwant\n%s\nof\n%s", format, got, old, text)
			}
		}
	})
	t.Logf("%d of %d refused", refused, total)
	if refused > total/4 {
		t.Errorf("the test proves little: %d of %d refused", refused, total)
	}
}

// TestLooseTwice applies each text to its own result. It must not be applied again.
func TestLooseTwice(t *testing.T) {
	already, total := 0, 0
	eachChange(t, 2, func(t *testing.T, m *changer, c change) {
		if m.repeats {
			return // see the fixtures: like places elsewhere
		}
		for format, text := range c.renderings(t, "src/f") {
			if format == JSON && c.beginsBlank() {
				continue // see testdata/loose-open/json_blank_first_line_already.txtar
			}
			total++
			got, err := once(text, format, c.side(true), false)
			if kindOf(err) == AlreadyApplied {
				already++
			} else if err == nil {
				t.Errorf("%s: applied twice:\n%s\ngot\n%s\nof\n%s", format, text, got, c.side(true))
			}
		}
	})
	t.Logf("%d of %d found to be applied already", already, total)
	if already < total/2 {
		t.Errorf("only %d of %d found to be applied already", already, total)
	}
}

var hunkLine = regexp.MustCompile(`(?m)^@@ -(\d+),(\d+) \+(\d+),(\d+) @@$`)

// eachBody changes the lines of the hunks' bodies in a unified diff.
func eachBody(text string, f func(line string) string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "---") || strings.HasPrefix(line, "+++") || strings.HasPrefix(line, "@@") {
			b.WriteString(line)
			continue
		}
		b.WriteString(f(strings.TrimSuffix(line, "\n")) + "\n")
	}
	return b.String()
}

// eachHunk changes the bodies of the hunks in a unified diff.
func eachHunk(text string, f func(body string) string) string {
	var b, body strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "@@") || strings.HasPrefix(line, "---") || strings.HasPrefix(line, "+++") {
			b.WriteString(f(body.String()) + line)
			body.Reset()
			continue
		}
		body.WriteString(line)
	}
	return b.String() + f(body.String())
}

// showsIndent reports whether a body has an old line that is not blank: without one
// nothing tells how its new lines are to be indented.
func showsIndent(body string) bool {
	for line := range strings.Lines(body) {
		if line[0] != '+' && strings.TrimSpace(line[1:]) != "" {
			return true
		}
	}
	return false
}

// damages are what happens to diffs on their way through a model. The second value is
// whether a diff whose hunks have one place each must still be applied.
var damages = []struct {
	name   string
	do     func(m *changer, text string) string
	always bool
}{
	{"no counts", func(_ *changer, text string) string { return hunkLine.ReplaceAllString(text, "@@ -$1 +$3 @@") }, true},
	{"wrong counts", func(m *changer, text string) string {
		return hunkLine.ReplaceAllString(text, fmt.Sprintf("@@ -$1,%d +$3,%d @@", m.IntN(12), m.IntN(12)))
	}, true},
	{"wrong numbers", func(m *changer, text string) string {
		return hunkLine.ReplaceAllString(text, fmt.Sprintf("@@ -%d$1,$2 +%d$3,$4 @@", 1+m.IntN(3), 1+m.IntN(3)))
	}, true},
	{"bare headers", func(_ *changer, text string) string { return hunkLine.ReplaceAllString(text, "@@") }, true},
	{"blank context empty", func(_ *changer, text string) string {
		return eachBody(text, func(line string) string { return strings.TrimRight(line, " \t") })
	}, true},
	{"context without marker", func(_ *changer, text string) string {
		return eachBody(text, func(line string) string { return strings.TrimPrefix(line, " ") })
	}, false},
	{"indented more", func(_ *changer, text string) string {
		return eachHunk(text, func(body string) string {
			if !showsIndent(body) {
				return body
			}
			return eachBody(body, func(line string) string {
				if len(line) < 2 {
					return line
				}
				return line[:1] + "    " + line[1:]
			})
		})
	}, false},
	{"indented less", func(_ *changer, text string) string {
		return eachHunk(text, func(body string) string {
			if !showsIndent(body) {
				return body
			}
			for _, unit := range [...]string{"    ", "\t"} {
				all := true
				less := eachBody(body, func(line string) string {
					if len(line) < 2 {
						return line
					}
					rest, ok := strings.CutPrefix(line[1:], unit)
					all = all && ok
					return line[:1] + rest
				})
				if all {
					return less
				}
			}
			return body
		})
	}, false},
	{"tabs to blanks", func(_ *changer, text string) string {
		return eachBody(text, func(line string) string { return strings.ReplaceAll(line, "\t", "    ") })
	}, false},
	{"trailing blanks", func(m *changer, text string) string {
		return eachBody(text, func(line string) string {
			if !strings.HasPrefix(line, "+") && m.IntN(3) == 0 {
				return line + strings.Repeat(" ", 1+m.IntN(3))
			}
			return line
		})
	}, true},
	{"CRLF", func(_ *changer, text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }, true},
	{"no final newline", func(_ *changer, text string) string { return strings.TrimSuffix(text, "\n") }, true},
	{"fenced", func(_ *changer, text string) string { return "So:\n\n```diff\n" + text + "```\n\nThat is all.\n" }, true},
	{"quoted", func(_ *changer, text string) string {
		return "> " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n> ") + "\n"
	}, true},
	{"no names", func(_ *changer, text string) string { return "src/f\n\n" + text[strings.Index(text, "@@"):] }, true},
	{"no prefixes", func(_ *changer, text string) string {
		return strings.NewReplacer("--- a/", "--- ", "+++ b/", "+++ ").Replace(text)
	}, true},
}

// TestLooseDamaged applies damaged diffs: the result is exactly the new file, or the
// text is refused.
func TestLooseDamaged(t *testing.T) {
	for n, d := range damages {
		t.Run(d.name, func(t *testing.T) {
			refused := 0
			eachChange(t, uint64(10+n), func(t *testing.T, m *changer, c change) {
				old, new := c.side(false), c.side(true)
				text := d.do(m, c.unified("src/f"))
				got, err := once(text, "", old, false)
				switch {
				case err != nil:
					if refused++; d.always && m.certain(c) {
						t.Errorf("%v\n%s\n%s", err, text, old)
					}
				case got != new:
					t.Errorf("got\n%s\nwant\n%s\nof\n%s\nby\n%s", got, new, old, text)
				}
			})
			t.Logf("%d of %d refused", refused, looseRounds)
			if refused > looseRounds/2 {
				t.Errorf("the test proves little: %d refused", refused)
			}
		})
	}
}

// TestLooseFileEnds applies changes to files with other line ends, without a final
// newline, and with a byte order mark: what the file has stays.
func TestLooseFileEnds(t *testing.T) {
	for name, turn := range map[string]func(string) string{
		"CRLF": func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"open": func(s string) string { return strings.TrimSuffix(s, "\n") },
		"mark": func(s string) string { return byteOrderMark + s },
	} {
		t.Run(name, func(t *testing.T) {
			eachChange(t, 40, func(t *testing.T, m *changer, c change) {
				old, new := turn(c.side(false)), turn(c.side(true))
				if name == "open" && c.cutsEnd() {
					return // see testdata/loose-open/kept_open_last_line_removed.txtar
				}
				if strings.HasSuffix(old, "\n\n") || strings.HasSuffix(new, "\n\n") || name == "open" && (strings.HasSuffix(old, "\n") || strings.HasSuffix(new, "\n")) {
					return // an empty last line, of which the newline is all
				}
				for format, text := range c.renderings(t, "src/f") {
					got, err := once(text, format, old, false)
					switch {
					case err != nil && m.certain(c):
						t.Errorf("%s: %v\n%s\n%q", format, err, text, old)
					case err == nil && got != new:
						t.Errorf("%s: got\n%q\nwant\n%q\nof\n%s", format, got, new, text)
					}
				}
			})
		})
	}
}
