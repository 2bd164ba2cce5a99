package patch

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestFixtures runs testdata/fixture/*.txtar: the files before, the patch, and
// either the files after or the error. What stands above the first file says what
// the fixture is about. The names of the archive's files are
//
//	before/PATH  after/PATH  patch  error (a kind, then pieces of the report)
//	moved (hunks and lines, as "1:+2")
//	options (the flags of git apply: see strictOptions)
//	options, tier (of a text that is read loosely: see TestLooseFixtures)
//
// A name may be followed by words: a mode, "open" for no final newline, "crlf" for
// line ends of that kind, "bom" for a byte order mark. A | in it stands for a blank.
func TestFixtures(t *testing.T) {
	names, err := filepath.Glob("testdata/fixture/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			testFixture(t, readFixture(t, name))
		})
	}
}

func testFixture(t *testing.T, f fixture) {
	before := f.before.with(nil)
	opt := f.strictOptions(t)
	if !f.submodule() {
		wantAgreement(t, f.before, f.patch, opt)
	}
	res, err := Apply(f.patch, f.before, opt)
	if !f.before.equal(before) {
		t.Fatal("the tree was changed")
	}
	if f.fails != "" {
		f.wantError(t, err)
		return
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, report(err))
	}
	wantTree(t, f.before.with(res.Writes), f.after)
	if got := movesOf(res); got != f.moved {
		t.Errorf("moved %q, want %q", got, f.moved)
	}
	wantRoundTrip(t, f.patch, *opt.Strict)
	if f.options == "" && !guessed(res, f.patch) && f.moved == "" && len(res.Writes) > 0 { // the way back of a hunk that has moved may have several ends
		wantReversed(t, f.patch, f.before, f.after, Strict{})
	}
}

// submodule reports whether the fixture has one, which cannot be laid as a file.
func (f *fixture) submodule() bool {
	for _, file := range f.before {
		if file.mode == modeSubmodule {
			return true
		}
	}
	return false
}

// strictOptions reads the options, which are flags of git apply, one a line.
func (f *fixture) strictOptions(t testing.TB) Options {
	s := &Strict{}
	opt := Options{Strict: s}
	for line := range strings.Lines(f.options) {
		flag := strings.TrimSpace(line)
		number := func(none int) int {
			if n, _ := strconv.Atoi(flag[2:]); n > 0 {
				return n
			}
			return none
		}
		switch {
		case flag == "-R":
			opt.Reverse = true
		case flag == "--unidiff-zero":
			s.ZeroContext = true
		case flag == "--ignore-whitespace":
			s.IgnoreBlanks = true
		case flag == "--allow-empty":
			s.AllowEmpty = true
		case strings.HasPrefix(flag, "-p"):
			s.Strip = number(-1)
		case strings.HasPrefix(flag, "-C"):
			s.Context = number(-1)
		case strings.HasPrefix(flag, "--directory="):
			s.Directory = flag[len("--directory="):]
		default:
			t.Fatalf("unknown option %q", flag)
		}
	}
	return opt
}

// wantError checks that err is the one that the fixture names.
func (f *fixture) wantError(t *testing.T, err error) {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("got error %v, want %s", err, f.fails)
	}
	kind, pieces, _ := strings.Cut(f.fails, "\n")
	if string(e.Kind) != kind {
		t.Errorf("got %s (%v), want %s", e.Kind, e, kind)
	}
	for piece := range strings.Lines(pieces) {
		if piece = strings.TrimSpace(piece); !strings.Contains(e.Report(), piece) {
			t.Errorf("the report lacks %q:\n%s", piece, e.Report())
		}
	}
}

// movesOf lists the hunks that were found at another line than the stated one.
func movesOf(res Result) string {
	var moved []string
	for _, file := range res.Files {
		for _, m := range file.Moved {
			moved = append(moved, fmt.Sprintf("%d:%+d", m.Hunk, m.Lines))
		}
	}
	return strings.Join(moved, " ")
}

// guessed reports whether a plain diff has created a file without saying so; the
// way back can then only empty it.
func guessed(res Result, text []byte) bool {
	p, err := Parse(text)
	if err != nil {
		return false
	}
	for i := range p.Files {
		if p.Files[i].Op != res.Files[i].Op {
			return true
		}
	}
	return false
}

func report(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Report()
	}
	return ""
}

// wantTree fails the test when two trees differ.
func wantTree(t *testing.T, got, want memTree) {
	t.Helper()
	for _, path := range slices.Sorted(keys(got, want)) {
		g, w := got[path], want[path]
		if g.mode != w.mode || !bytes.Equal(g.data, w.data) {
			t.Errorf("%s:\ngot  %v %q\nwant %v %q", path, g.mode, clip(string(g.data)), w.mode, clip(string(w.data)))
		}
	}
}

func keys(trees ...memTree) func(func(string) bool) {
	all := map[string]bool{}
	for _, tree := range trees {
		for path := range tree {
			all[path] = true
		}
	}
	return func(yield func(string) bool) {
		for path := range all {
			if !yield(path) {
				return
			}
		}
	}
}

// wantRoundTrip checks that the rendered patch is the same patch.
func wantRoundTrip(t *testing.T, text []byte, rules Strict) {
	t.Helper()
	p, err := rules.parse(text)
	if err != nil {
		t.Fatal(err)
	}
	q, err := Parse(p.Bytes())
	if err != nil {
		t.Fatalf("rendered patch: %v\n%s", err, p.Bytes())
	}
	if diff := differs(p, q); diff != "" {
		t.Errorf("rendering changed the patch: %s\n%s", diff, p.Bytes())
	}
	if !bytes.Equal(p.Bytes(), q.Bytes()) {
		t.Errorf("rendering twice differs:\n%s\n%s", p.Bytes(), q.Bytes())
	}
}

// differs says how two patches differ, their positions in a text aside.
func differs(p, q *Patch) string {
	if len(p.Files) != len(q.Files) {
		return fmt.Sprintf("%d files and %d", len(p.Files), len(q.Files))
	}
	for i := range p.Files {
		a, b := plain(p.Files[i]), plain(q.Files[i])
		if a != b {
			return fmt.Sprintf("\n%s\n%s", a, b)
		}
	}
	return ""
}

func plain(f File) string {
	f.line, f.plain = 0, false // what is rendered has a git header
	f.Hunks = slices.Clone(f.Hunks)
	for i := range f.Hunks {
		f.Hunks[i].line = 0
	}
	binary := ""
	if f.Binary != nil {
		binary = fmt.Sprintf("%+v %+v", f.Binary.Forward, f.Binary.Back)
		f.Binary = nil
	}
	return fmt.Sprintf("%+q %s", fmt.Sprintf("%+v", f), binary)
}

// wantReversed checks that the reversed patch leads back, unless it cannot be made.
func wantReversed(t *testing.T, text []byte, before, after memTree, rules Strict) {
	t.Helper()
	p, err := rules.parse(text)
	if err != nil {
		t.Fatal(err)
	}
	back, err := p.Reverse()
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == Unsupported {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	res, err := back.Apply(after, Options{Strict: &rules})
	if err != nil {
		t.Fatalf("reversed: %v\n%s\n%s", err, report(err), back.Bytes())
	}
	wantTree(t, after.with(res.Writes), before)
}

// fixture is one archive, read.
type fixture struct {
	before, after memTree
	patch         []byte
	fails, moved  string
	options, tier string
	hasMoved      bool
}

func readFixture(t testing.TB, name string) fixture {
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f := fixture{before: memTree{}, after: memTree{}}
	var into func([]byte)
	var data []byte
	flush := func() {
		if into != nil {
			into(data)
		}
		data = nil
	}
	for line := range bytes.Lines(text) {
		head, ok := strings.CutPrefix(string(line), "-- ")
		head, ok2 := strings.CutSuffix(head, " --\n")
		if !ok || !ok2 {
			data = append(data, line...)
			continue
		}
		flush()
		into = f.section(t, strings.Fields(head))
	}
	flush()
	return f
}

// section returns what takes the content of the archive's file of that name.
func (f *fixture) section(t testing.TB, words []string) func([]byte) {
	file := memFile{mode: ModeFile}
	open, crlf, bom := false, false, false
	for _, word := range words[1:] {
		switch word {
		case "100755":
			file.mode = ModeExec
		case "120000":
			file.mode, open = ModeLink, true
		case "160000":
			file.mode = modeSubmodule
		case "open":
			open = true
		case "crlf":
			crlf = true
		case "bom":
			bom = true
		default:
			t.Fatalf("unknown word %q", word)
		}
	}
	return func(data []byte) {
		if open {
			data = bytes.TrimSuffix(data, []byte("\n"))
		}
		if crlf {
			data = bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n"))
		}
		if bom {
			data = append([]byte(byteOrderMark), data...)
		}
		file.data = data
		switch dir, path, _ := strings.Cut(strings.ReplaceAll(words[0], "|", " "), "/"); dir {
		case "before":
			f.before[path] = file
		case "after":
			f.after[path] = file
		case "patch":
			f.patch = data
		case "error":
			f.fails = strings.TrimSpace(string(data))
		case "moved":
			f.moved, f.hasMoved = strings.TrimSpace(string(data)), true
		case "options":
			f.options = string(data)
		case "tier":
			f.tier = strings.TrimSpace(string(data))
		default:
			t.Fatalf("unknown name %q", words[0])
		}
	}
}
