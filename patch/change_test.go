package patch

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// change is a made-up change of one file: the lines of both sides, in order.
type change struct {
	lines []editLine // the operation and the text of each
}

// changer makes changes.
type changer struct {
	*rand.Rand
	repeats bool // lines may repeat, so that a hunk can have several places
	n       int  // lines made so far
}

// file returns the lines of a file that looks like a program.
func (m *changer) file(tabs bool) []string {
	unit := "    "
	if tabs {
		unit = "\t"
	}
	var lines []string
	depth := 0
	for range 10 + m.IntN(60) {
		indent := strings.Repeat(unit, depth)
		switch m.IntN(9) {
		case 0:
			lines = append(lines, indent+"if "+m.word()+" {")
			depth++
		case 1, 2:
			if depth > 0 {
				depth--
				lines = append(lines, strings.Repeat(unit, depth)+"}")
			}
		case 3:
			lines = append(lines, "")
		default:
			lines = append(lines, indent+m.word())
		}
	}
	return lines
}

// word returns a statement: one that stands nowhere else, unless lines may repeat.
func (m *changer) word() string {
	m.n++
	if m.repeats && m.IntN(2) == 0 {
		return fmt.Sprintf("call_%d()", m.IntN(6))
	}
	return fmt.Sprintf("%s_%d = compute(%d)", [...]string{"alpha", "beta", "gamma", "delta"}[m.IntN(4)], m.n, m.IntN(1000)*7+m.n)
}

// make changes some places of a file.
func (m *changer) make(old []string) change {
	var c change
	changed := false
	for i := 0; i < len(old) || !changed; i++ {
		if m.IntN(12) == 0 || i >= len(old) {
			indent := ""
			if i < len(old) {
				indent = indentOf(old[i])
			}
			remove, add := m.IntN(3), m.IntN(4)
			if remove+add == 0 {
				add = 1
			}
			for ; remove > 0 && i < len(old)-1; remove-- {
				c.lines = append(c.lines, editLine{op: '-', text: old[i]})
				i++
				changed = true
			}
			for ; add > 0; add-- {
				c.lines = append(c.lines, editLine{op: '+', text: indent + m.word()})
				changed = true
			}
		}
		if i < len(old) {
			c.lines = append(c.lines, editLine{op: ' ', text: old[i]})
		}
	}
	return c
}

// side returns the text before the change, or after it.
func (c change) side(after bool) string {
	other := byte('+')
	if after {
		other = '-'
	}
	var b strings.Builder
	for _, l := range c.lines {
		if l.op != other {
			b.WriteString(l.text + "\n")
		}
	}
	return b.String()
}

// piece is a hunk: the lines [from:to) of a change, and the old and new line it begins at.
type piece struct {
	lines    []editLine
	old, new int
}

// pieces cuts a change into hunks with up to width lines of context.
func (c change) pieces(width int) []piece {
	near := make([]bool, len(c.lines))
	for i, l := range c.lines {
		if l.op != ' ' {
			for k := max(i-width, 0); k <= min(i+width, len(near)-1); k++ {
				near[k] = true
			}
		}
	}
	var out []piece
	old, new := 1, 1
	for i, l := range c.lines {
		if near[i] {
			if i == 0 || !near[i-1] {
				out = append(out, piece{old: old, new: new})
			}
			p := &out[len(out)-1]
			p.lines = append(p.lines, l)
		}
		if l.op != '+' {
			old++
		}
		if l.op != '-' {
			new++
		}
	}
	return out
}

func (p piece) side(after bool) string { return change{p.lines}.side(after) }

// unified renders the change of a file as a unified diff.
func (c change) unified(path string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "--- a/%s\n+++ b/%s\n", path, path)
	for _, p := range c.pieces(3) {
		old, new := strings.Count(p.side(false), "\n"), strings.Count(p.side(true), "\n")
		from, to := p.old, p.new
		if old == 0 {
			from--
		}
		if new == 0 {
			to--
		}
		fmt.Fprintf(&b, "@@ -%d,%d +%d,%d @@\n", from, old, to, new)
		for _, l := range p.lines {
			fmt.Fprintf(&b, "%c%s\n", l.op, l.text)
		}
	}
	return b.String()
}

// blocks renders the change as search/replace blocks.
func (c change) blocks(path string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n```\n", path)
	for _, p := range c.pieces(3) {
		fmt.Fprintf(&b, "<<<<<<< SEARCH\n%s=======\n%s>>>>>>> REPLACE\n", p.side(false), p.side(true))
	}
	return b.String() + "```\n"
}

// envelope renders the change in the format of *** Begin Patch.
func (c change) envelope(path string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*** Begin Patch\n*** Update File: %s\n", path)
	for _, p := range c.pieces(3) {
		b.WriteString("@@\n")
		for _, l := range p.lines {
			fmt.Fprintf(&b, "%c%s\n", l.op, l.text)
		}
	}
	return b.String() + "*** End Patch\n"
}

// json renders the change as a list of edits.
func (c change) json(t testing.TB, path string) string {
	type one struct {
		Path    string `json:"path"`
		Search  string `json:"search"`
		Replace string `json:"replace"`
	}
	var edits []one
	for _, p := range c.pieces(3) {
		edits = append(edits, one{path, p.side(false), p.side(true)})
	}
	data, err := json.MarshalIndent(edits, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data) + "\n"
}

// renderings returns the change in every format that has hunks.
func (c change) renderings(t testing.TB, path string) map[Format]string {
	return map[Format]string{
		Unified: c.unified(path), SearchReplace: c.blocks(path), Envelope: c.envelope(path), JSON: c.json(t, path),
	}
}

// certain reports whether there is no reason to refuse a change: its lines do not
// repeat, and every hunk has old lines, which stand in one place only.
func (m *changer) certain(c change) bool {
	old := "\n" + c.side(false)
	for _, p := range c.pieces(3) {
		text := "\n" + p.side(false)
		if text == "\n" || strings.Index(old, text) != strings.LastIndex(old, text) {
			return false
		}
	}
	return !m.repeats
}

// cutsEnd reports whether the last hunk reaches the end of the file and removes lines.
func (c change) cutsEnd() bool {
	for i := len(c.lines) - 1; i >= max(len(c.lines)-6, 0); i-- {
		if c.lines[i].op == '-' {
			return true
		}
	}
	return false
}

// beginsBlank reports whether the old lines of a hunk begin with a blank one.
func (c change) beginsBlank() bool {
	for _, p := range c.pieces(3) {
		if strings.HasPrefix(p.side(false), "\n") {
			return true
		}
	}
	return false
}
