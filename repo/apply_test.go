package repo

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeagent.dev/agent"
	"github.com/google/go-cmp/cmp"
)

var startFiles = map[string]string{
	"a.txt": "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "dir/b.txt": "b\n", "dir/deep/c.txt": "c\n", "gone/only.txt": "gone\n",
	"with blank/ümlaut ü.txt": "ü\n", "script.sh": "#!/bin/sh\n", "bin": "\x00\x01\x02", "keep.txt": "keep\n",
}

const bigChange = `sed -i 's/^5$/five/' a.txt; rm -r gone; git mv dir/b.txt dir/moved.txt; echo more >>dir/deep/c.txt
chmod +x script.sh; mkdir -p new/deep; echo n >"new/deep/né w.txt"; ln -s ../a.txt new/link; echo ü2 >"with blank/ümlaut ü.txt"; printf '\000\003' >bin`

func TestApplyAndUndo(t *testing.T) {
	for _, index := range []bool{false, true} {
		s := newSandbox(t)
		base := s.commit(startFiles)
		os.Chmod(filepath.Join(s.root, "a.txt"), 0o640)
		write(t, s.root, map[string]string{"untracked": "u", "keep.txt": "changed, and in nobody's way\n"})
		r := s.open()
		commit := s.result(r, base, bigChange)
		made, err := os.Stat(filepath.Join(s.root, "a.txt"))
		if err != nil {
			t.Fatal(err)
		}
		before := s.all()
		status := s.git("status", "--porcelain")
		applied, err := r.Apply(t.Context(), Apply{ID: "1-1", Base: base, Commit: commit, Index: index})
		if err != nil {
			t.Fatal(err)
		}
		ops := map[string]string{}
		for _, f := range applied.Files {
			ops[f.Path] = f.Op + " " + f.How
		}
		want := map[string]string{
			"a.txt": "modify written", "bin": "modify written", "dir/b.txt": "delete written", "dir/deep/c.txt": "modify written", "dir/moved.txt": "add written",
			"gone/only.txt": "delete written", "new/deep/né w.txt": "add written", "new/link": "add written", "script.sh": "modify written", "with blank/ümlaut ü.txt": "modify written",
		}
		if diff := cmp.Diff(want, ops); diff != "" {
			t.Errorf("applied (-want +got):\n%s", diff)
		}
		c, err := r.Checkout(t.Context(), commit)
		if err != nil {
			t.Fatal(err)
		}
		tree := photo(t, c.Dir)
		c.Close()
		tree["untracked"], tree["keep.txt"] = before["untracked"], before["keep.txt"]
		tree["a.txt"] = strings.Replace(tree["a.txt"], "-rw-r--r--", "-rw-r-----", 1)
		if diff := cmp.Diff(tree, photo(t, s.root)); diff != "" {
			t.Errorf("work tree (-want +got):\n%s", diff)
		}
		if index {
			if got, want := s.git("write-tree"), gitIn(t, r.Mirror(), "rev-parse", commit+"^{tree}"); got != want {
				t.Errorf("index is tree %s, want the result's %s", got, want)
			}
			s.git("fsck", "--no-dangling")
		} else if diff := cmp.Diff(before[".git/index"], s.all()[".git/index"]); diff != "" {
			t.Errorf("the index was touched")
		}
		s.noTraces("1-1")
		if _, err := r.Apply(t.Context(), Apply{ID: "1-2", Base: base, Commit: commit, Index: index}); !errors.Is(err, ErrAlreadyApplied) || agent.CodeOf(err) != agent.WrongState {
			t.Errorf("applying again: %v", err)
		}
		if _, err := r.Apply(t.Context(), Apply{ID: "1-1", Base: commit, Commit: base}); agent.CodeOf(err) != agent.WrongState {
			t.Errorf("using an id again: %v", err)
		}
		if err := r.Undo(t.Context(), "1-1"); err != nil {
			t.Fatal(err)
		}
		got := s.all()
		if index { // same entries; blobs of the result stay until git collects them
			maps.DeleteFunc(got, func(name, _ string) bool { return strings.HasPrefix(name, ".git/objects") || name == ".git/index" })
			maps.DeleteFunc(before, func(name, _ string) bool { return strings.HasPrefix(name, ".git/objects") || name == ".git/index" })
		}
		if diff := cmp.Diff(before, got); diff != "" {
			t.Errorf("after undo (-before +after):\n%s", diff)
		}
		if info, err := os.Stat(filepath.Join(s.root, "a.txt")); err != nil || !info.ModTime().Equal(made.ModTime()) {
			t.Errorf("time of a.txt after undo: %v, want that before: %v", info.ModTime(), made.ModTime())
		}
		if got := s.git("status", "--porcelain"); got != status {
			t.Errorf("status after undo:\n%s", got)
		}
		s.noTraces("1-1")
		if err := r.Undo(t.Context(), "1-1"); agent.CodeOf(err) != agent.WrongState {
			t.Errorf("undo again: %v", err)
		}
		if err := r.Undo(t.Context(), "1-7"); agent.CodeOf(err) != agent.NotFound {
			t.Errorf("undo of nothing: %v", err)
		}
	}
}

// TestApplyCheck: finding out whether a result could be applied leaves no trace and
// keeps no id from being used.
func TestApplyCheck(t *testing.T) {
	s := newSandbox(t)
	base := s.commit(startFiles)
	r := s.open()
	commit := s.result(r, base, bigChange)
	before := s.all()
	check := Apply{ID: "1-1", Base: base, Commit: commit, Index: true, Check: true}
	applied, err := r.Apply(t.Context(), check)
	if err != nil || len(applied.Files) != 10 {
		t.Fatalf("%d files, %v", len(applied.Files), err)
	}
	write(t, s.root, map[string]string{"a.txt": "mine\n"})
	if _, err := r.Apply(t.Context(), check); agent.CodeOf(err) != agent.Blocked {
		t.Errorf("with a local change: %v", err)
	}
	write(t, s.root, map[string]string{"a.txt": startFiles["a.txt"]})
	s.noTraces()
	after := s.all()
	for _, m := range []map[string]string{before, after} {
		maps.DeleteFunc(m, func(name, _ string) bool { return name == ".git/index" }) // git refreshes its times
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("something changed (-before +after):\n%s", diff)
	}
	check.Check = false
	if _, err := r.Apply(t.Context(), check); err != nil {
		t.Error(err)
	}
}

// TestApplyRefuses: whatever is in the way, nothing changes and the file is named.
func TestApplyRefuses(t *testing.T) {
	tests := []struct {
		name, local, script string
		threeWay, index     bool
		want                []string // of the error's text
	}{
		{name: "local change", local: `echo x >a.txt`, script: `echo y >a.txt; echo z >keep.txt`, want: []string{"a.txt (changed locally)", "1 file "}},
		{name: "commit since", local: `echo x >a.txt; git commit -qam x`, script: `echo y >a.txt`, want: []string{"a.txt (changed by commits since the base)"}},
		{name: "both", local: `echo x >a.txt; git commit -qam x; echo z >a.txt`, script: `echo y >a.txt`, want: []string{"a.txt (changed locally, and by commits since the base)"}},
		{name: "deleted locally", local: `rm a.txt`, script: `echo y >a.txt`, want: []string{"a.txt (deleted locally)"}},
		{name: "deleted by a commit", local: `git rm -q a.txt; git commit -qm x`, script: `echo y >a.txt`, want: []string{"a.txt (deleted since the base)"}},
		{name: "sparse", local: `git sparse-checkout set --cone dir`, script: `echo y >gone/only.txt`, want: []string{"gone/only.txt (outside the sparse checkout)"}},
		{name: "mode", local: `chmod +x a.txt`, script: `echo y >a.txt`, want: []string{"a.txt (changed locally)"}},
		{name: "untracked", local: `echo mine >n`, script: `echo theirs >n; echo z >keep.txt`, want: []string{"n (an untracked file is there)"}},
		{name: "untracked with 3way", local: `echo mine >n`, script: `echo theirs >n`, threeWay: true, want: []string{"n (an untracked file is there)"}},
		{name: "directory", local: `mkdir n; echo x >n/x`, script: `echo theirs >n`, want: []string{"n (a directory is there)"}},
		{name: "file for directory", local: `echo x >n`, script: `mkdir n; echo y >n/y`, want: []string{"n is no directory"}},
		{name: "untracked below a directory that goes", local: `echo x >gone/mine`, script: `rm -r gone; echo x >gone`, want: []string{"gone (a directory is there)"}},
		{name: "through a link", local: `mv dir elsewhere; ln -s elsewhere dir`, script: `echo y >dir/b.txt`, want: []string{"dir is a symbolic link"}},
		{name: "link replaced file", local: `rm a.txt; ln -s keep.txt a.txt`, script: `echo y >a.txt`, want: []string{"a.txt (a symbolic link by now)"}},
		{name: "delete of a changed file", local: `echo x >a.txt`, script: `rm a.txt`, threeWay: true, want: []string{"a.txt (changed locally)"}},
		{name: "conflict", local: `sed -i s/5/mine/ a.txt; sed -i s/k/m/ keep.txt`, script: `sed -i s/5/theirs/ a.txt; sed -i s/k/t/ keep.txt; echo x >n`, threeWay: true,
			want: []string{"2 files", "a.txt (conflicts with the result)", "keep.txt (conflicts"}},
		{name: "binary conflict", local: `printf '\0a' >bin`, script: `printf '\0b' >bin`, threeWay: true, want: []string{"bin (changed here and in the result, and binary)"}},
		{name: "staged differently", local: `echo x >a.txt; git add a.txt; git show HEAD:a.txt >a.txt`, script: `echo y >a.txt`, index: true, want: []string{"a.txt (staged differently from the base)"}},
		{name: "index locked", local: `touch .git/index.lock`, script: `echo y >a.txt`, index: true, want: []string{"another git holds the index", "index.lock"}},
		{name: "in a merge", local: `git checkout -q -b o; echo o >a.txt; git commit -qam o; git checkout -q main; echo m >a.txt; git commit -qam m; git merge -q o || true; git show HEAD~:a.txt >a.txt`,
			script: `echo y >a.txt`, index: true, want: []string{"a.txt (in the middle of a merge)"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSandbox(t)
			base := s.commit(startFiles)
			r := s.open()
			commit := s.result(r, base, test.script)
			sh(t, s.root, test.local)
			status := s.git("status", "--porcelain")
			before := s.all()
			_, err := r.Apply(t.Context(), Apply{ID: "1-1", Base: base, Commit: commit, ThreeWay: test.threeWay, Index: test.index})
			if agent.CodeOf(err) != agent.Blocked || agent.HintOf(err) == "" {
				t.Fatalf("got %v (hint %q), want Blocked", err, agent.HintOf(err))
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
			if _, ok := errors.AsType[*ObstacleError](err); !ok && test.name != "index locked" {
				t.Errorf("no list of files in %T", err)
			}
			if diff := cmp.Diff(before, s.all()); diff != "" {
				t.Errorf("something changed (-before +after):\n%s", diff)
			}
			if got := s.git("status", "--porcelain"); got != status {
				t.Errorf("status changed:\n%s", got)
			}
			s.noTraces()
		})
	}
}

// TestApplyAccepts: what looks different to a comparison of bytes, or lies beside the
// change, does not keep it out; and undo brings all of it back.
func TestApplyAccepts(t *testing.T) {
	tests := []struct {
		name, setup, local, script string
		apply                      Apply
		want                       map[string]string // content of files afterwards
	}{
		{name: "merge", local: `sed -i s/1/one/ a.txt`, script: `sed -i s/9/nine/ a.txt; chmod +x a.txt`, apply: Apply{ThreeWay: true},
			want: map[string]string{"a.txt": "-rwxr-xr-x one\n2\n3\n4\n5\n6\n7\n8\nnine\n"}},
		{name: "merge with a commit, staged", local: `sed -i s/1/one/ a.txt; git commit -qam one`, script: `sed -i s/9/nine/ a.txt`, apply: Apply{ThreeWay: true, Index: true},
			want: map[string]string{"a.txt": "-rw-r--r-- one\n2\n3\n4\n5\n6\n7\n8\nnine\n"}},
		{name: "partly there", local: `echo y >a.txt`, script: `echo y >a.txt; echo z >keep.txt`, want: map[string]string{"keep.txt": "-rw-r--r-- z\n"}},
		{name: "paths", script: `echo y >a.txt; echo z >dir/b.txt; rm -r gone`, apply: Apply{Paths: []string{"dir/", "gone"}},
			want: map[string]string{"a.txt": "-rw-r--r-- " + startFiles["a.txt"], "dir/b.txt": "-rw-r--r-- z\n", "gone/only.txt": ""}},
		{name: "paths around a change", local: `echo x >a.txt`, script: `echo y >a.txt; echo z >dir/b.txt`, apply: Apply{Paths: []string{"dir"}}, want: map[string]string{"a.txt": "-rw-r--r-- x\n"}},
		{name: "autocrlf", setup: `git config core.autocrlf true; rm a.txt; git checkout -q a.txt`, script: `printf '1\nx\n' >a.txt; printf 'n\n' >n`,
			want: map[string]string{"a.txt": "-rw-r--r-- 1\r\nx\r\n", "n": "-rw-r--r-- n\r\n"}},
		{name: "autocrlf with crlf in the commit", setup: `printf '1\r\n2\r\n' >crlf; git add crlf; git commit -qm c; git config core.autocrlf true`, script: `printf '1\r\nx\r\n' >crlf`,
			want: map[string]string{"crlf": "-rw-r--r-- 1\r\nx\r\n"}},
		{name: "merge under autocrlf", setup: `git config core.autocrlf true; rm a.txt; git checkout -q a.txt`, local: `sed -i 's/^1/one/' a.txt`, script: `sed -i s/9/nine/ a.txt`, apply: Apply{ThreeWay: true},
			want: map[string]string{"a.txt": "-rw-r--r-- one\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\nnine\r\n"}},
		{name: "filter", setup: `git config filter.rot.clean 'tr a-z n-za-m'; git config filter.rot.smudge 'tr a-z n-za-m'; echo '*.rot filter=rot' >.gitattributes; echo secret >s.rot; git add -A; git commit -qm f`,
			script: `echo changed >s.rot`, want: map[string]string{"s.rot": "-rw-r--r-- changed\n"}},
		{name: "attributes of the result", script: `echo 'n text eol=crlf' >.gitattributes; printf 'x\n' >n`, want: map[string]string{"n": "-rw-r--r-- x\r\n"}},
		{name: "file to directory", script: `rm keep.txt; mkdir keep.txt; echo x >keep.txt/x`, apply: Apply{Index: true}, want: map[string]string{"keep.txt/x": "-rw-r--r-- x\n"}},
		{name: "directory to file", script: `rm -r gone; echo x >gone`, apply: Apply{Index: true}, want: map[string]string{"gone": "-rw-r--r-- x\n"}},
		{name: "link to file and back", setup: `ln -s a.txt l; git add -A; git commit -qm l`, script: `rm l; echo x >l; rm a.txt; ln -s l a.txt`, want: map[string]string{"l": "-rw-r--r-- x\n", "a.txt": "Lrwxrwxrwx -> l"}},
		{name: "names", script: `printf x >'"quoted".txt'; printf y >'new
line'; printf z >-dash; printf w >'back\slash'; printf v >':(glob)*'`, apply: Apply{Index: true},
			want: map[string]string{"new\nline": "-rw-r--r-- y", `"quoted".txt`: "-rw-r--r-- x", `back\slash`: "-rw-r--r-- w", ":(glob)*": "-rw-r--r-- v"}},
		{name: "detached", setup: `git checkout -q --detach`, script: `echo x >a.txt`, want: map[string]string{"a.txt": "-rw-r--r-- x\n"}},
		{name: "base is not HEAD", local: `echo more >more; git add -A; git commit -qm more`, script: `echo x >a.txt`, want: map[string]string{"a.txt": "-rw-r--r-- x\n"}},
		{name: "file mode ignored", setup: `git config core.fileMode false; chmod +x a.txt`, script: `echo x >a.txt`, want: map[string]string{"a.txt": "-rw-r--r-- x\n"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSandbox(t)
			s.commit(startFiles)
			sh(t, s.root, test.setup)
			base := s.git("rev-parse", "HEAD")
			r := s.open()
			commit := s.result(r, base, test.script)
			sh(t, s.root, test.local)
			before, cached := photo(t, s.root), s.git("ls-files", "--stage")
			a := test.apply
			a.ID, a.Base, a.Commit = "3-1", base, commit
			if _, err := r.Apply(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			got := photo(t, s.root)
			for name, want := range test.want {
				if got[name] != want {
					t.Errorf("%s is %q, want %q", name, got[name], want)
				}
			}
			if a.Index {
				if out := s.git("diff", "--name-only"); out != "" {
					t.Errorf("index and work tree differ in %s", out)
				}
			}
			if err := r.Undo(t.Context(), "3-1"); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, photo(t, s.root)); diff != "" {
				t.Errorf("after undo (-before +after):\n%s", diff)
			}
			if got := s.git("ls-files", "--stage"); got != cached {
				t.Errorf("index after undo:\n%s\nwas\n%s", got, cached)
			}
			s.noTraces("3-1")
		})
	}
}

// TestApplyCaseCollision: on a file system without case two names can be one file.
func TestApplyCaseCollision(t *testing.T) {
	for _, script := range []string{`echo x >A.txt`, `echo x >n; echo y >N`, `git mv keep.txt KEEP.txt`} {
		s := newSandbox(t)
		base := s.commit(startFiles)
		r := s.open()
		commit := s.result(r, base, script)
		s.git("config", "core.ignorecase", "true")
		r, err := r.set.Open(t.Context(), s.root)
		if err != nil {
			t.Fatal(err)
		}
		before := s.all()
		_, err = r.Apply(t.Context(), Apply{ID: "1-1", Base: base, Commit: commit})
		if agent.CodeOf(err) != agent.Blocked || !strings.Contains(err.Error(), "only in case") {
			t.Errorf("%s: got %v, want Blocked", script, err)
		}
		if diff := cmp.Diff(before, s.all()); diff != "" {
			t.Errorf("something changed:\n%s", diff)
		}
	}
}

// TestApplyInvalid: requests that make no sense.
func TestApplyInvalid(t *testing.T) {
	s := newSandbox(t)
	base := s.commit(startFiles)
	r := s.open()
	commit := s.result(r, base, `echo x >a.txt`)
	same := gitIn(t, r.Mirror(), "-c", "user.name=n", "-c", "user.email=e", "commit-tree", "-p", base, "-m", "same", base+"^{tree}")
	sub := gitIn(t, r.Mirror(), "-c", "user.name=n", "-c", "user.email=e", "commit-tree", "-p", base, "-m", "sub", s.treeWith(r, "160000 commit "+base+"\tsub"))
	evil := gitIn(t, r.Mirror(), "-c", "user.name=n", "-c", "user.email=e", "commit-tree", "-p", base, "-m", "evil", s.treeWith(r, "100644 blob "+s.git("rev-parse", base+":a.txt")+"\t.git"))
	tests := []struct {
		name  string
		apply Apply
		code  agent.Code
	}{
		{"id", Apply{ID: "../x", Base: base, Commit: commit}, agent.Invalid},
		{"no id", Apply{Base: base, Commit: commit}, agent.Invalid},
		{"name for a commit", Apply{ID: "1-1", Base: "HEAD", Commit: commit}, agent.Invalid},
		{"commit is gone", Apply{ID: "1-1", Base: base, Commit: strings.Repeat("1", 40)}, agent.NotFound},
		{"base is gone", Apply{ID: "1-1", Base: strings.Repeat("1", 40), Commit: commit}, agent.NotFound},
		{"paths select nothing", Apply{ID: "1-1", Base: base, Commit: commit, Paths: []string{"dir"}}, agent.Invalid},
		{"no difference", Apply{ID: "1-1", Base: base, Commit: same}, agent.WrongState},
		{"submodule", Apply{ID: "1-1", Base: base, Commit: sub}, agent.Invalid},
		{".git", Apply{ID: "1-1", Base: base, Commit: evil}, agent.Invalid},
	}
	before := s.all()
	for _, test := range tests {
		if _, err := r.Apply(t.Context(), test.apply); agent.CodeOf(err) != test.code {
			t.Errorf("%s: got %v, want %s", test.name, err, test.code)
		}
	}
	if diff := cmp.Diff(before, s.all()); diff != "" {
		t.Errorf("something changed:\n%s", diff)
	}
	s.noTraces()
}
