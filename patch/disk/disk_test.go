package disk

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent/patch"
)

type change struct {
	name          string
	before, after map[string]string
	writes        []patch.Write
}

var changes = []change{
	{
		"files of all kinds",
		map[string]string{"changed": "1\n", "kept": "k\n", "dir/gone": "g\n", "tool": "!t\n", "plain": "p\n", "link": "-> kept"},
		map[string]string{"changed": "2\n", "kept": "k\n", "new/deep/f": "n\n", "new/tool": "!n\n", "tool": "t\n", "plain": "!p\n", "link": "-> changed", "new/link": "-> ../kept"},
		[]patch.Write{gone("dir/gone"), file("changed", "2\n"), file("new/deep/f", "n\n"), program("new/tool", "n\n"), file("tool", "t\n"), program("plain", "p\n"), symlink("link", "changed"), symlink("new/link", "../kept")},
	},
	{
		"a directory becomes a file, a file a directory",
		map[string]string{"d/e/a": "a\n", "d/e/b": "b\n", "f": "f\n"},
		map[string]string{"d/e": "now a file\n", "f/x/y": "below\n"},
		[]patch.Write{gone("d/e/a"), gone("d/e/b"), gone("f"), file("d/e", "now a file\n"), file("f/x/y", "below\n")},
	},
	{
		"a link becomes a file, a directory, nothing",
		map[string]string{"real/f": "f\n", "l1": "-> real", "l2": "-> real", "l3": "-> real/f", "g": "g\n"},
		map[string]string{"real/f": "f\n", "l1": "file\n", "l2/f": "not the other\n", "g": "-> real/f"},
		[]patch.Write{gone("l2"), gone("l3"), file("l1", "file\n"), file("l2/f", "not the other\n"), symlink("g", "real/f")},
	},
	{
		"renamed out of a directory that goes, beside one that stays",
		map[string]string{"a/b/c/f": "f\n", "a/b/keep": "k\n", "x/y": "y\n", "x/empty/": ""},
		map[string]string{"f": "f\n", "a/b/keep": "k\n", "x/empty/": ""},
		[]patch.Write{gone("a/b/c/f"), gone("x/y"), file("f", "f\n")},
	},
}

func TestWrite(t *testing.T) {
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			s, want := newSandbox(t, c.before), newSandbox(t, c.after).photo()
			if err := s.open().Write(t.Context(), c.writes); err != nil {
				t.Fatal(err)
			}
			s.expect("after the write", want)
		})
	}
}

var errFault = errors.New("no space left on this device")

// Whatever single step fails, the directory is as it was before or as it should be.
func TestWriteFailsAnywhere(t *testing.T) {
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			want := newSandbox(t, c.after).photo()
			for at, fired := 0, true; fired; at++ {
				s := newSandbox(t, c.before)
				before := s.photo()
				tree := s.open()
				fired = false
				n, what := 0, ""
				tree.fault = func(op, name string) error {
					if n++; n-1 != at {
						return nil
					}
					fired, what = true, op+" "+name
					return errFault
				}
				err := tree.Write(t.Context(), c.writes)
				if err == nil {
					finish(s)
					if strings.HasPrefix(what, "remove ") && !strings.HasSuffix(what, "~") {
						continue // an empty directory that could not be removed
					}
					s.expect("after a write that got over a failing "+what, want)
					continue
				}
				if !errors.Is(err, errFault) {
					t.Fatalf("failing %s: %v", what, err)
				}
				s.expect("after a failing "+what, before)
			}
		})
	}
}

// finish removes what a write may have left though it succeeded.
func finish(s sandbox) {
	s.t.Helper()
	if got, err := s.open().Recover(); err != nil || len(got.Back)+len(got.Left) > 0 {
		s.t.Fatalf("recovered %v, %v of a write that succeeded", got, err)
	}
}

// Wherever the process is killed, and killed again while it puts things right, the
// directory ends as it was before or as it should be.
func TestWriteKilledAnywhere(t *testing.T) {
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			want := newSandbox(t, c.after).photo()
			for at, fired := 0, true; fired; at++ {
				for again, firedAgain := 0, true; firedAgain; again += 5 {
					s := newSandbox(t, c.before)
					before := s.photo()
					tree := s.open()
					var ops []string
					fired = kill(tree, at, &ops, func() { _ = tree.Write(t.Context(), c.writes) })
					accepted := strings.Contains(strings.Join(ops, " "), "accept")
					tree = s.open()
					firedAgain = kill(tree, again, &ops, func() { _, _ = tree.Recover() })
					if firedAgain {
						if _, err := s.open().Recover(); err != nil {
							t.Fatalf("killed after %q: %v", ops, err)
						}
					}
					if pending, err := s.open().Pending(); pending || err != nil {
						t.Fatalf("killed after %q: still pending (%v)", ops, err)
					}
					if accepted {
						s.expect("killed after "+strings.Join(ops, ", "), want)
					} else {
						s.expect("killed after "+strings.Join(ops, ", "), before)
					}
				}
			}
		})
	}
}

// kill lets do make so many changes and none after them, as if the process had ended.
// It returns whether it came to that, and appends the changes that were made.
func kill(tree *Tree, after int, ops *[]string, do func()) (killed bool) {
	n := 0
	tree.fault = func(op, name string) error {
		if n++; n > after {
			killed = true
			return errFault
		}
		*ops = append(*ops, op+" "+name)
		return nil
	}
	do()
	return killed
}

func TestWriteRefusesWhatChangedSinceItWasRead(t *testing.T) {
	before := map[string]string{"f": "1\n", "g": "1\n", "d/h": "1\n", "l": "-> f"}
	read := func(tree *Tree) {
		for _, name := range []string{"f", "g", "d/h"} {
			if _, err := fs.Lstat(tree, name); err != nil {
				t.Fatal(err)
			}
			if _, err := fs.ReadFile(tree, name); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := fs.ReadLink(tree, "l"); err != nil {
			t.Fatal(err)
		}
		if _, err := fs.Lstat(tree, "new"); !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	writes := []patch.Write{gone("d/h"), file("f", "2\n"), file("g", "2\n"), file("new", "n\n"), symlink("l", "g")}
	for how, meddle := range map[string]func(sandbox){
		"g was changed meanwhile":                     func(s sandbox) { s.put("g", "3\n") },
		"g was deleted meanwhile":                     func(s sandbox) { os.Remove(filepath.Join(s.dir, "g")) },
		"g was given another mode meanwhile":          func(s sandbox) { os.Chmod(filepath.Join(s.dir, "g"), 0o600) },
		"new was made by somebody else meanwhile":     func(s sandbox) { s.put("new", "mine\n") },
		"d/h was changed meanwhile":                   func(s sandbox) { s.put("d/h", "2\n") },
		"l was changed meanwhile":                     func(s sandbox) { os.Remove(filepath.Join(s.dir, "l")); s.put("l", "-> d") },
		"d was replaced by a symbolic link meanwhile": func(s sandbox) { os.Rename(filepath.Join(s.dir, "d"), filepath.Join(s.dir, "e")); s.put("d", "-> e") },
		"new was replaced by a directory meanwhile":   func(s sandbox) { s.put("new/", "") },
	} {
		for _, late := range []bool{false, true} { // before the write begins, or after all was staged
			s := newSandbox(t, before)
			tree := s.open()
			read(tree)
			twin := newSandbox(t, before)
			meddle(twin)
			want := twin.photo()
			if !late {
				meddle(s)
			}
			tree.fault = func(op, name string) error {
				if late && op == "symlink" { // the last that is staged
					meddle(s)
				}
				return nil
			}
			err := tree.Write(t.Context(), writes)
			if err == nil {
				t.Errorf("%s (late: %v): it was written all the same", how, late)
				continue
			}
			if err.Error() != how {
				t.Errorf("late: %v: got %v, want %s", late, err, how)
			}
			s.expect(how, want)
		}
	}
}

func TestWriteEndsWithItsContext(t *testing.T) {
	s := newSandbox(t, changes[0].before)
	before := s.photo()
	for at := range 9 {
		ctx, cancel := context.WithCancel(t.Context())
		tree := s.open()
		n := 0
		tree.fault = func(op, _ string) error {
			if op == "create" {
				if n++; n == at {
					cancel()
				}
			}
			return nil
		}
		if at == 0 {
			cancel()
		}
		if err := tree.Write(ctx, changes[0].writes); n >= at && !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted at content %d: %v", at, err)
		} else if err == nil {
			break
		}
		s.expect("after an interrupt", before)
		cancel()
	}
}

// What somebody else does to a file between a kill and the next call is not undone.
func TestRecoverLeavesOthersChangesAlone(t *testing.T) {
	s := newSandbox(t, map[string]string{"f": "1\n", "g": "1\n"})
	tree := s.open()
	var ops []string
	n := 0
	tree.fault = func(op, name string) error {
		ops = append(ops, op+" "+name)
		if n > 0 || op == "accept" {
			n++
			return errFault
		}
		return nil
	}
	if err := tree.Write(t.Context(), []patch.Write{file("f", "2\n"), file("g", "2\n")}); err == nil {
		t.Fatal("not killed")
	}
	if pending, err := s.open().Pending(); !pending || err != nil {
		t.Fatalf("pending: %v, %v", pending, err)
	}
	if err := s.open().Write(t.Context(), []patch.Write{file("f", "3\n")}); !errors.Is(err, errPending) {
		t.Errorf("a write over a change that was cut off: %v", err)
	}
	s.put("g", "mine\n")
	got, err := s.open().Recover()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Recovered{Back: []string{"f"}, Left: []string{"g"}}, got); diff != "" {
		t.Error(diff)
	}
	kept := 0
	for name, text := range s.photo() {
		if strings.HasSuffix(name, oldSuffix) && strings.HasSuffix(text, " 1\n") {
			kept++
		}
	}
	if data, _ := os.ReadFile(filepath.Join(s.dir, "g")); string(data) != "mine\n" || kept != 1 {
		t.Errorf("g is %q, and %d old files are kept, want 1", data, kept)
	}
}

// A journal that somebody put into the tree, where patches write, is nobody's.
func TestJournalsInTheTreeAreNotObeyed(t *testing.T) {
	s := newSandbox(t, map[string]string{"f": "1\n"})
	tree := s.open()
	s.put(tree.key+underWay, `{"steps": [{"path": "Zg==", "to": {"kind": "file"}}]}`)
	before := s.photo()
	if got, err := tree.Recover(); err != nil || len(got.Back) > 0 {
		t.Errorf("recovered %v, %v", got, err)
	}
	s.expect("after it", before)
}

// Nor can a patch write one where journals do lie in the tree.
func TestJournalsCannotBePatched(t *testing.T) {
	s := newSandbox(t, map[string]string{"f": "1\n"})
	s.home = filepath.Join(s.dir, "state", "applies")
	before := s.photo()
	for _, name := range []string{"state/applies/x" + underWay, "state/applies", "state"} {
		if err := s.open().Write(t.Context(), []patch.Write{file(name, "{}")}); err == nil {
			t.Errorf("%s could be written", name)
		}
	}
	s.expect("after it", before)
	if err := s.open().Write(t.Context(), []patch.Write{file("f", "2\n"), file("state/other", "x\n")}); err != nil {
		t.Error(err)
	}
}

func TestTreeStaysInside(t *testing.T) {
	s := newSandbox(t, map[string]string{"out": "-> ..", "in": "-> d", "d/f": "f\n"})
	tree := s.open()
	for _, name := range []string{"out/a tree/d/f", "../a tree/d/f", "/etc/passwd"} {
		if data, err := fs.ReadFile(tree, name); err == nil {
			t.Errorf("%s could be read: %q", name, data)
		}
	}
	before := s.photo()
	for _, name := range []string{"out/x", "in/f", "in/new", "../x"} {
		if err := tree.Write(t.Context(), []patch.Write{file(name, "x\n")}); err == nil {
			t.Errorf("%s could be written", name)
		}
	}
	s.expect("after it", before)
}
