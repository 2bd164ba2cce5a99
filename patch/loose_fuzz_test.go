package patch

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

var fuzzFormats = [...]Format{"", Unified, SearchReplace, Envelope, WholeFile, JSON}

// FuzzLoose reads any text as any format, for a small tree. It must not panic, touch
// the tree or leave it, it must do the same a second time, and say what is wrong.
func FuzzLoose(f *testing.F) {
	names, err := filepath.Glob(filepath.Join(looseFixtures, "*.txtar"))
	if err != nil || len(names) == 0 {
		f.Fatalf("no fixtures: %v", err)
	}
	for _, name := range names {
		fix := readFixture(f, name)
		content := []byte("alpha\nbeta\ngamma\n")
		path := "f"
		for p, file := range fix.before {
			path, content = p, file.data
		}
		for _, format := range [...]byte{0, 1} {
			f.Add(bytes.ReplaceAll(fix.patch, []byte(path), []byte("f")), content, format)
		}
	}
	f.Fuzz(func(t *testing.T, text, content []byte, how byte) {
		tree := memTree{
			"f": {ModeFile, content}, "dir/f": {ModeExec, content}, "link": {ModeLink, []byte("dir")},
			"src/old.txt": {ModeFile, content}, "out": {ModeLink, []byte("/etc")}, "m": {modeSubmodule, nil},
		}
		before := tree.with(nil)
		opt := Options{Format: fuzzFormats[how%6], Reverse: how&64 != 0, Tier: Tier(how / 6 % 7)}
		if how&128 != 0 {
			opt.Target = "src/old.txt"
		}
		res, err := Apply(text, tree, opt)
		if !tree.equal(before) {
			t.Fatal("the tree was changed")
		}
		again, err2 := Apply(text, tree, opt)
		if report(err) != report(err2) || !reflect.DeepEqual(res, again) {
			t.Fatalf("a second time:\n%v\n%v\n%s\n%s", res, again, report(err), report(err2))
		}
		if err != nil {
			wantSound(t, err)
			return
		}
		wantWithin(t, tree, res)
	})
}

// wantSound checks that an error is an *Error that can be shown.
func wantSound(t *testing.T, err error) {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("not an *Error: %v", err)
	}
	r := e.Report()
	if e.Kind == "" || e.Error() == "" || e.Reason == "" || !strings.HasSuffix(r, "\n") || len(r) > 64<<10 || !utf8.ValidString(r) {
		t.Fatalf("bad report: %q", r)
	}
	if e.Alike < 0 || e.Alike > 100 || e.First >= max(len(e.Wanted), len(e.Found)) || e.Hunk < 0 || e.Line < 0 {
		t.Fatalf("bad error: %+v", e)
	}
}

// wantWithin checks that a result stays in the tree and can be written.
func wantWithin(t *testing.T, tree memTree, res Result) {
	t.Helper()
	seen := map[string]bool{}
	for _, w := range res.Writes {
		if reason := checkPath(w.Path); reason != "" || seen[w.Path] && !w.Delete || below(w.Path, "link") || below(w.Path, "out") || below(w.Path, "m") {
			t.Fatalf("write to %q: %s", w.Path, reason)
		}
		if !w.Delete {
			seen[w.Path] = true
		}
	}
	after := tree.with(res.Writes)
	for path := range after {
		for other := range after {
			if below(path, other) {
				t.Fatalf("%q lies below the file %q", path, other)
			}
		}
	}
	if len(res.Writes) == 0 || len(res.Files) == 0 {
		t.Fatalf("neither a change nor an error: %+v", res)
	}
}

// damage changes a text as the bytes say: three of them for each change.
func damage(text string, how []byte) string {
	// A text of one line doubles when that is repeated.
	for ; len(how) >= 3 && text != "" && len(text) < 1<<16; how = how[3:] {
		at := (int(how[0])<<8 | int(how[1])) % len(text)
		lines := strings.SplitAfter(text, "\n")
		n := at % len(lines)
		switch how[2] % 8 {
		case 0:
			text = text[:at] + text[at+1:]
		case 1:
			text = text[:at] + string([]byte{" \t\n-+@\\`<=>\"'.|{}0aZ~\r\x00\xff"[how[2]/8%24]}) + text[at:]
		case 2:
			text = text[:at] + string([]byte{how[0] ^ how[1]}) + text[at+1:]
		case 3:
			text = strings.Join(lines[:n], "") + strings.Join(lines[n+1:], "")
		case 4:
			text = strings.Join(lines[:n+1], "") + strings.Join(lines[n:], "")
		case 5:
			lines[n], lines[len(lines)-1-n] = lines[len(lines)-1-n], lines[n]
			text = strings.Join(lines, "")
		case 6:
			text = text[:at]
		case 7:
			text = text[at:]
		}
	}
	return text
}

// FuzzLooseDamage damages the diff of a made-up change anyhow. It must make the new
// file, or be refused, or at least change only lines that the text removes and adds.
func FuzzLooseDamage(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed, []byte{byte(seed * 7), byte(seed * 31), byte(seed), byte(seed * 3), byte(seed * 57), byte(seed * 5)})
	}
	f.Fuzz(func(t *testing.T, seed uint64, how []byte) {
		m := &changer{Rand: rand.New(rand.NewPCG(70, seed)), repeats: seed%2 == 1}
		c := m.make(m.file(seed%4 < 2))
		format, text := Unified, c.unified("src/f")
		if seed%8 > 5 {
			format, text = Envelope, c.envelope("src/f")
		}
		text = damage(text, how)
		tree := memTree{"src/f": {ModeFile, []byte(c.side(false))}}
		res, err := Apply([]byte(text), tree, Options{Format: format})
		if err != nil {
			wantSound(t, err)
			return
		}
		for _, w := range res.Writes {
			if got := string(w.Data); w.Path != "src/f" || got != c.side(true) {
				wantOwnLines(t, string(tree[w.Path].data), got, text)
			}
		}
	})
}

// wantOwnLines checks that every line that is gone is one the text removes, and every
// line that is new one it adds.
func wantOwnLines(t *testing.T, before, after, text string) {
	t.Helper()
	count := map[string]int{}
	for line := range strings.Lines(before) {
		count[flatten(strings.TrimSuffix(line, "\n"))]--
	}
	for line := range strings.Lines(after) {
		count[flatten(strings.TrimSuffix(line, "\n"))]++
	}
	marked := map[byte]map[string]bool{'+': {}, '-': {}}
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\r\n"); line != "" && marked[line[0]] != nil {
			marked[line[0]][flatten(line[1:])] = true
		}
	}
	for line, n := range count {
		if n > 0 && !marked['+'][line] || n < 0 && !marked['-'][line] {
			t.Fatalf("%+d %q:\n%s\nof\n%s\nby\n%s", n, line, after, before, text)
		}
	}
}
