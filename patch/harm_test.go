package patch

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// harm damages a diff in one of the ways in which diffs get damaged.
func (m maker) harm(text []byte) []byte {
	d := &harmed{maker: m, lines: slices.Collect(bytes.Lines(text))}
	if len(d.lines) == 0 {
		return text
	}
	all := []func(){
		d.lose, d.repeat, d.swap, d.number, d.number, d.number, d.trim, d.trim, d.insert, d.insert, d.rename, d.prefix,
		d.plain, d.cut, d.shuffle, d.carriageReturns, d.emptyContext, d.marker,
	}
	all[m.IntN(len(all))]()
	return bytes.Join(d.lines, nil)
}

type harmed struct {
	maker
	lines [][]byte
}

// at returns a random line of those that begin with one of the words; -1: there is none.
func (d *harmed) at(words ...string) int {
	var found []int
	for i, line := range d.lines {
		if slices.ContainsFunc(words, func(w string) bool { return bytes.HasPrefix(line, []byte(w)) }) {
			found = append(found, i)
		}
	}
	if len(found) == 0 {
		return -1
	}
	return found[d.IntN(len(found))]
}

// header returns a random line of a file's header, or 0.
func (d *harmed) header() int {
	return max(0, d.at("diff --git ", "index ", "--- ", "+++ ", "old mode", "new mode", "new file", "deleted", "similarity", "rename ", "copy "))
}

func (d *harmed) lose() {
	at := d.pickLine()
	d.lines = slices.Delete(d.lines, at, at+1)
}

// pickLine returns any line, or one of a header, of which there are few.
func (d *harmed) pickLine() int {
	if d.IntN(2) == 0 {
		return d.header()
	}
	return d.IntN(len(d.lines))
}

func (d *harmed) repeat() {
	d.lines = slices.Insert(d.lines, d.IntN(len(d.lines)), d.lines[d.pickLine()])
}

func (d *harmed) swap() {
	a, b := d.IntN(len(d.lines)), d.pickLine()
	d.lines[a], d.lines[b] = d.lines[b], d.lines[a]
}

// number shifts a line number, or makes a count wrong.
func (d *harmed) number() {
	at, h := d.at("@@ -"), Hunk{}
	if at < 0 || !h.header(string(cutLine(d.lines[at]))) {
		return
	}
	by := d.IntN(9) - 4
	switch d.IntN(5) {
	case 0:
		h.OldStart = max(0, h.OldStart+by)
	case 1:
		h.NewStart = max(0, h.NewStart+by)
	case 2:
		h.OldStart, h.NewStart = max(0, h.OldStart+by), max(0, h.NewStart+by)
	case 3:
		h.OldLines = max(0, h.OldLines+d.IntN(3)-1)
	case 4:
		h.NewLines = max(0, h.NewLines+d.IntN(3)-1)
	}
	d.lines[at] = fmt.Appendf(nil, "@@ -%s +%s @@%s\n", span(h.OldStart, h.OldLines), span(h.NewStart, h.NewLines), h.Section)
}

// trim takes a line of context from one end of a hunk, and has the counts know it.
func (d *harmed) trim() {
	at, h := d.at("@@ -"), Hunk{}
	if at < 0 || !h.header(string(cutLine(d.lines[at]))) {
		return
	}
	end := at + 1
	for old, new := h.OldLines, h.NewLines; end < len(d.lines) && (old > 0 || new > 0); end++ {
		if d.lines[end][0] != '+' {
			old--
		}
		if d.lines[end][0] != '-' {
			new--
		}
	}
	switch {
	case d.IntN(2) == 0 && at+1 < len(d.lines) && d.lines[at+1][0] == ' ':
		d.lines = slices.Delete(d.lines, at+1, at+2)
		h.OldStart, h.NewStart = h.OldStart+1, h.NewStart+1
	case end-1 > at && d.lines[end-1][0] == ' ':
		d.lines = slices.Delete(d.lines, end-1, end)
	default:
		return
	}
	d.lines[at] = fmt.Appendf(nil, "@@ -%d,%d +%d,%d @@%s\n", h.OldStart, h.OldLines-1, h.NewStart, h.NewLines-1, h.Section)
}

// insert puts a line of a header, or prose, into one.
func (d *harmed) insert() {
	name := d.simple()
	line := d.pick("old mode 100644", "new mode 100755", "old mode 100755", "new mode 100644", "new file mode 100644", "deleted file mode 100644",
		"new file mode 120000", "deleted file mode 120000", "rename from "+name, "rename to "+name, "copy from "+name, "copy to "+name,
		"index 1234567..89abcde 100644", "index 1234567..89abcde", "similarity index 90%", "--- a/"+name, "+++ b/"+name, "--- /dev/null",
		"+++ /dev/null", "diff --git a/"+name+" b/"+name, "prose", "", "-- ", "Binary files a/f and b/f differ")
	d.lines = slices.Insert(d.lines, d.header()+d.IntN(2), []byte(line+"\n"))
}

// rename has a line of a header name another file.
func (d *harmed) rename() {
	at := d.header()
	d.lines[at] = bytes.ReplaceAll(d.lines[at], []byte("/"+d.simple()), []byte("/"+d.simple()))
}

// prefix changes the first parts of names.
func (d *harmed) prefix() {
	at := d.header()
	d.lines[at] = bytes.Replace(d.lines[at], []byte(d.pick("a/", "b/")), []byte(d.pick("", "c/", "x/y/", "/", "a//", "./")), 1+d.IntN(2))
}

// plain makes sections that git did not write, some with time stamps.
func (d *harmed) plain() {
	var out [][]byte
	for _, line := range d.lines {
		key, _ := headerKey(string(line))
		if bytes.HasPrefix(line, []byte("diff --git")) || key != "" && key != "--- " && key != "+++ " {
			continue
		}
		if key != "" && d.IntN(2) == 0 {
			stamp := d.pick("\t2024-01-02 03:04:05.000000000 +0100", "\t1970-01-01 00:00:00.000000000 +0000", "\t1970-01-01 01:00:00 +0100",
				" 2024-01-02 03:04:05 +0100", "\t1969-12-31 19:00:00.0 -05:00", ".orig", "~", "\t", " ", "\r", "\tx y", " 2024-01-02", "  24-01-02 03:04:05.5 +01:00")
			line = append(append(bytes.TrimSuffix(slices.Clone(line), []byte("\n")), stamp...), '\n')
		}
		out = append(out, line)
	}
	d.lines = out
}

func (d *harmed) cut() {
	text := bytes.Join(d.lines, nil)
	d.lines = [][]byte{text[:d.IntN(len(text)+1)]}
}

// shuffle changes the order of the sections, or repeats one.
func (d *harmed) shuffle() {
	var sections [][][]byte
	for i, line := range d.lines {
		if i == 0 || bytes.HasPrefix(line, []byte("diff --git ")) {
			sections = append(sections, nil)
		}
		sections[len(sections)-1] = append(sections[len(sections)-1], line)
	}
	d.Shuffle(len(sections), func(i, k int) { sections[i], sections[k] = sections[k], sections[i] })
	if d.IntN(2) == 0 {
		sections = append(sections, sections[0])
	}
	d.lines = slices.Concat(sections...)
}

func (d *harmed) carriageReturns() {
	for i, line := range d.lines {
		d.lines[i] = bytes.Replace(line, []byte("\n"), []byte("\r\n"), 1)
	}
}

func (d *harmed) emptyContext() {
	for i, line := range d.lines {
		if string(line) == " \n" {
			d.lines[i] = []byte("\n")
		}
	}
}

func (d *harmed) marker() {
	at := d.IntN(len(d.lines))
	if len(d.lines[at]) > 1 {
		d.lines[at] = append([]byte{"+- @"[d.IntN(4)]}, d.lines[at][1:]...)
	}
}

// simple returns one of a few names, so that damage hits files that are there.
func (m maker) simple() string { return m.pick("f", "g", "d/f", "d/g", "a/f", "l", "two words", "x") }

// small is a file of few short lines, of which many are alike.
func (m maker) small() memFile {
	var b strings.Builder
	for range m.IntN(16) {
		b.WriteString(m.pick("a", "b", "c", "", "}", "\tx", "  y z", "k  ", "-- q", "++ r", "l1", "l2", "l3", "l4", "l5") + "\n")
	}
	switch text := b.String(); m.IntN(12) {
	case 0:
		return memFile{ModeLink, []byte(m.pick("f", "d", "x"))}
	case 1:
		return memFile{ModeExec, []byte(text)}
	case 2:
		return memFile{ModeFile, []byte("\x00\x01" + text)}
	case 3:
		return memFile{ModeFile, []byte(strings.TrimSuffix(text, "\n"))}
	default:
		return memFile{ModeFile, []byte(text)}
	}
}

// rules returns options that suit a diff made with these flags, or do not.
func (m maker) rules(made []string) Options {
	s := &Strict{ZeroContext: m.IntN(4) == 0 || slices.Contains(made, "-U0"), IgnoreBlanks: m.IntN(5) == 0, AllowEmpty: m.IntN(20) == 0}
	s.Context = [...]int{0, 0, 0, -1, 1, 2}[m.IntN(6)]
	s.Strip = [...]int{0, 0, 0, 0, 1, 1, 1, 2, -1}[m.IntN(9)]
	if slices.Contains(made, "--no-prefix") {
		s.Strip = -1
	}
	if m.IntN(16) == 0 {
		s.Directory = m.pick("d", "d/")
	}
	return Options{Strict: s, Reverse: m.IntN(5) == 0}
}

// TestGitAgreesOnDamage applies diffs of small trees, some of them damaged, to the trees
// they were made of and to others, with all of git's rules, and holds what comes of it
// against git: what it applies and what it refuses.
func TestGitAgreesOnDamage(t *testing.T) {
	g, m := newGit(t), maker{rand.New(rand.NewPCG(3, 4))}
	var trees []memTree
	for range rounds * 3 {
		before := memTree{}
		for range 1 + m.IntN(5) {
			put(before, m.simple(), m.small())
		}
		after, drifted := before.with(nil), before.with(nil)
		for _, path := range slices.Sorted(keys(before)) {
			switch f := before[path]; m.IntN(8) {
			case 0:
				delete(after, path)
			case 1:
				delete(after, path)
				put(after, m.simple(), m.edit(f, 2))
			case 2:
				put(after, m.simple(), m.edit(f, 2))
			case 3:
				after[path] = m.small()
			default:
				after[path] = m.edit(f, 4)
			}
			if m.IntN(4) == 0 {
				drifted[path] = m.edit(before[path], 2)
			}
		}
		trees = append(trees, before, after, drifted)
	}
	g.store(trees)
	count := map[agreement]int{}
	for i := 0; i < len(trees); i += 3 {
		made := []string{m.pick("--binary", "--full-index"), m.pick("-U3", "-U1", "-U2", "-U0"), m.pick("--no-renames", "-M", "-C", "-B"),
			m.pick("--no-color", "--no-color", "--no-prefix"), m.pick("--no-color", "--find-copies-harder")}
		args := append([]string{"diff-tree", "-p", "-r"}, made...)
		text := g.must(nil, append(args, fmt.Sprintf("refs/t/%d", i), fmt.Sprintf("refs/t/%d", i+1))...)
		for range m.IntN(4) {
			text = m.harm(text)
		}
		opt := m.rules(made)
		tree := trees[i+2*m.IntN(2)]
		if opt.Reverse {
			tree = trees[i+1]
		}
		count[wantAgreement(t, tree, text, opt)]++
	}
	t.Log(count)
	if count[bothApply] < rounds/2 || count[bothRefuse] < rounds/2 {
		t.Errorf("the test proves little: %v", count)
	}
}
