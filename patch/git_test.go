package patch

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// gitRepo is a bare repository with which patches are made and applied by git itself.
type gitRepo struct {
	t   testing.TB
	dir string
}

func newGit(t testing.TB) gitRepo {
	g := gitRepo{t, t.TempDir()}
	g.must(nil, "init", "-q", "--bare", ".")
	return g
}

func (g gitRepo) run(stdin []byte, args ...string) ([]byte, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = g.dir
	cmd.Env = append(os.Environ(), "GIT_DIR="+g.dir, "GIT_INDEX_FILE=test-index", "GIT_CONFIG_NOSYSTEM=1", "HOME="+g.dir, "LC_ALL=C")
	cmd.Stdin = bytes.NewReader(stdin)
	return cmd.Output()
}

func (g gitRepo) must(stdin []byte, args ...string) []byte {
	g.t.Helper()
	out, err := g.run(stdin, args...)
	if err != nil {
		e := &exec.ExitError{}
		errors.As(err, &e)
		g.t.Fatalf("git %v: %v\n%s", args, err, e.Stderr)
	}
	return out
}

// store writes trees as refs/t/0, refs/t/1, … in one go.
func (g gitRepo) store(trees []memTree) {
	var b bytes.Buffer
	for i, tree := range trees {
		fmt.Fprintf(&b, "reset refs/t/%d\ncommit refs/t/%d\ncommitter T <t@example.com> 0 +0000\ndata 0\n", i, i)
		for _, path := range slices.Sorted(keys(tree)) {
			f := tree[path]
			fmt.Fprintf(&b, "M %06o inline %s\ndata %d\n%s\n", uint32(f.mode), cQuote(path), len(f.data), f.data)
		}
	}
	g.must(b.Bytes(), "fast-import", "--quiet", "--force")
}

// cQuote quotes always: fast-import needs it for names that begin with a blank.
func cQuote(path string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(path) {
		fmt.Fprintf(&b, `\%03o`, path[i])
	}
	return b.String() + `"`
}

// apply lets git apply a patch to a stored tree and lists the result as list does.
func (g gitRepo) apply(ref string, text []byte, args ...string) (string, error) {
	g.must(nil, "read-tree", ref)
	if _, err := g.run(text, append([]string{"apply", "--cached", "--whitespace=nowarn"}, args...)...); err != nil {
		return "", err
	}
	return string(g.must(nil, "ls-files", "-s", "-z")), nil
}

// list lists a tree as `git ls-files -s -z` does.
func list(tree memTree) string {
	var b strings.Builder
	for _, path := range slices.Sorted(keys(tree)) {
		fmt.Fprintf(&b, "%v %s 0\t%s\x00", tree[path].mode, blobID(tree[path].data, 40), path)
	}
	return b.String()
}

// maker makes random trees and changes.
type maker struct{ *rand.Rand }

func (m maker) pick(from ...string) string { return from[m.IntN(len(from))] }

// name returns a path; some are such that git must quote them.
func (m maker) name() string {
	dir := m.pick("", "", "src/", "a/", "b/", "deep/er/", "with blank/")
	return dir + m.pick("f", "g.go", "two words", "tab\there", `quote"d`, `back\slash`, "gr\u00fc\u00df", "latin\xfc", "new\nline", "-dash", "a", "b") + m.pick("", "", "1", "2", "3")
}

// line returns a line from a small vocabulary, so that some repeat.
func (m maker) line() string {
	if m.IntN(3) == 0 {
		return m.pick("}", "{", "", "\treturn", "-- sql", "++ more", "@@ -1 +1 @@", " indented", "\\ odd", "diff --git a/f b/f")
	}
	return fmt.Sprintf("line %d of text", m.IntN(400))
}

func (m maker) text() []byte {
	end := m.pick("\n", "\n", "\n", "\r\n")
	var b strings.Builder
	for range m.IntN(60) {
		b.WriteString(m.line() + end)
	}
	text := []byte(b.String())
	if m.IntN(5) == 0 {
		text = bytes.TrimSuffix(text, []byte(end))
	}
	return text
}

func (m maker) file() memFile {
	switch m.IntN(12) {
	case 0:
		data := make([]byte, 1+m.IntN(3000))
		for i := range data {
			data[i] = byte(m.IntN(6))
		}
		data[0] = 0
		return memFile{ModeFile, data}
	case 1:
		return memFile{ModeLink, []byte(m.pick("f", "g.go", "no/such"))}
	case 2:
		return memFile{ModeExec, m.text()}
	}
	return memFile{ModeFile, m.text()}
}

// edit changes some lines of a file.
func (m maker) edit(f memFile, most int) memFile {
	if f.mode == ModeLink {
		return memFile{ModeLink, []byte(m.pick("f", "other", "x/y"))}
	}
	lines := slices.Collect(bytes.Lines(f.data))
	for range 1 + m.IntN(most) {
		at := m.IntN(len(lines) + 1)
		switch m.IntN(3) {
		case 0:
			lines = slices.Insert(lines, at, []byte(m.line()+"\n"))
		case 1:
			if at < len(lines) {
				lines = slices.Delete(lines, at, at+1)
			}
		case 2:
			if at < len(lines) {
				lines[at] = []byte(m.line() + "\n")
			}
		}
	}
	for i, line := range lines { // a line that had no newline may not be the last any more
		if i < len(lines)-1 && isOpen(line) {
			lines[i] = append(slices.Clone(line), '\n')
		}
	}
	return memFile{f.mode, bytes.Join(lines, nil)}
}

// put adds a file unless something is in the way.
func put(tree memTree, path string, f memFile) {
	for p := range tree {
		if below(p, path) || below(path, p) {
			return
		}
	}
	tree[path] = f
}

func (m maker) tree() memTree {
	tree := memTree{}
	for range 1 + m.IntN(8) {
		put(tree, m.name(), m.file())
	}
	return tree
}

// change returns another tree that shares much with the first.
func (m maker) change(tree memTree) memTree {
	after := tree.with(nil)
	for _, path := range slices.Sorted(keys(tree)) {
		f := tree[path]
		switch m.IntN(9) {
		case 0:
			delete(after, path)
		case 1:
			delete(after, path)
			put(after, m.name(), m.edit(f, 2))
		case 2:
			put(after, m.name(), f)
		case 3:
			after[path] = m.file()
		case 4:
			if f.mode != ModeLink {
				after[path] = memFile{ModeFile ^ ModeExec ^ f.mode, f.data}
			}
		case 5, 6, 7:
			after[path] = m.edit(f, 6)
		}
	}
	if m.IntN(3) == 0 {
		put(after, m.name(), m.file())
	}
	return after
}

// rounds is how many random changes the tests below try.
const rounds = 40

// TestGitDiffs applies what real git prints for random changes, in many of its
// formats, forwards and backwards.
func TestGitDiffs(t *testing.T) {
	g, m := newGit(t), maker{rand.New(rand.NewPCG(1, 2))}
	var trees []memTree
	for range rounds {
		before := m.tree()
		trees = append(trees, before, m.change(before))
	}
	g.store(trees)
	tried := 0
	for i := 0; i < len(trees); i += 2 {
		before, after := trees[i], trees[i+1]
		args := []string{"diff-tree", "-p", "-r", "--binary", m.pick("-U3", "-U1", "-U8", "-U0"),
			m.pick("--no-renames", "-M", "-C", "-M20%", "-B"), m.pick("--full-index", "--no-color"),
			m.pick("--no-color", "--no-prefix"), m.pick("--no-color", "--stat", "--summary"), m.pick("--no-color", "--find-copies-harder")}
		text := g.must(nil, append(args, fmt.Sprintf("refs/t/%d", i), fmt.Sprintf("refs/t/%d", i+1))...)
		if len(text) == 0 {
			continue
		}
		strip, rules := "-p1", Strict{ZeroContext: true}
		if slices.Contains(args, "--no-prefix") {
			strip, rules.Strip = "-p0", -1
		}
		if _, err := g.apply(fmt.Sprintf("refs/t/%d", i), text, "--unidiff-zero", strip); err != nil {
			continue // -B can leave out that a file was replaced
		}
		tried++
		res, err := Apply(text, before, Options{Strict: &rules})
		if err != nil {
			t.Fatalf("round %d %v: %v\n%s\n%s", i, args, err, report(err), text)
		}
		wantTree(t, before.with(res.Writes), after)
		wantRoundTrip(t, text, rules)
		wantReversed(t, text, before, after, rules)
		p, err := rules.parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := g.apply(fmt.Sprintf("refs/t/%d", i), p.Bytes(), "--unidiff-zero"); err != nil || out != list(after) {
			t.Errorf("round %d: git does not take what Bytes renders: %v\n%s", i, err, p.Bytes())
		}
		if t.Failed() {
			t.Fatalf("round %d %v\n%s", i, args, text)
		}
	}
	if tried < rounds/2 {
		t.Errorf("the test proves little: git took only %d of its own diffs", tried)
	}
}

// TestGitAgrees applies patches to trees that have moved on, and holds the result
// against that of `git apply`: what both accept must be the same.
func TestGitAgrees(t *testing.T) {
	g, m := newGit(t), maker{rand.New(rand.NewPCG(1, 4))}
	var trees []memTree
	for range rounds * 2 {
		before := m.tree()
		drifted := before.with(nil)
		for _, path := range slices.Sorted(keys(before)) {
			if m.IntN(2) == 0 {
				drifted[path] = m.edit(before[path], 3)
			}
		}
		trees = append(trees, before, m.change(before), drifted)
	}
	g.store(trees)
	same, both := 0, 0
	for i := 0; i < len(trees); i += 3 {
		text := g.must(nil, "diff-tree", "-p", "-r", "-M", "--binary", fmt.Sprintf("refs/t/%d", i), fmt.Sprintf("refs/t/%d", i+1))
		if len(text) == 0 {
			continue
		}
		theirs, gitErr := g.apply(fmt.Sprintf("refs/t/%d", i+2), text)
		res, err := Apply(text, trees[i+2], Options{Strict: &Strict{}})
		switch e, _ := errors.AsType[*Error](err); {
		case gitErr != nil && err == nil:
			t.Errorf("round %d: git refuses (%v)\n%s", i, gitErr, text)
		case gitErr != nil:
			both++
		case err == nil:
			if ours := list(trees[i+2].with(res.Writes)); ours != theirs {
				t.Errorf("round %d: git makes\n%q\nand we\n%q\nof\n%s", i, theirs, ours, text)
			}
			same++
		default:
			t.Errorf("round %d: git accepts, we fail: %v (%v)\n%s", i, err, e, text)
		}
	}
	t.Logf("%d accepted alike, %d refused by both", same, both)
	if same < rounds/6 || both < rounds/6 {
		t.Errorf("the test proves little: %d accepted, %d refused", same, both)
	}
}
