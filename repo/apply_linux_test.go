package repo

import (
	"errors"

	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// inNamespace runs the test again in a user and mount namespace, as the user uid of
// it, and reports whether this is that run. As root a test can mount; as another
// user permissions count, whoever runs the tests.
func inNamespace(t *testing.T, uid int) bool {
	t.Helper()
	if os.Getenv("REPO_TEST_NAMESPACE") == t.Name() {
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.count=1")
	cmd.Env = append(os.Environ(), "REPO_TEST_NAMESPACE="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if _, ran := errors.AsType[*exec.ExitError](err); err != nil && !ran {
		t.Skipf("user namespaces are not available: %v", err)
	}
	if err != nil {
		t.Errorf("in a namespace: %v\n%s", err, out)
	} else if !strings.Contains(string(out), "--- PASS") {
		t.Skipf("skipped in a namespace:\n%s", out)
	}
	return false
}

// refused applies and checks that it fails and changes nothing.
func (s *sandbox) refused(r *Repo, a Apply, want error) {
	s.t.Helper()
	before := s.all()
	_, err := r.Apply(s.t.Context(), a)
	if !errors.Is(err, want) {
		s.t.Errorf("got %v, want %v", err, want)
	}
	if diff := cmp.Diff(before, s.all()); diff != "" {
		s.t.Errorf("something changed (-before +after):\n%s", diff)
	}
	s.noTraces()
}

func TestApplyReadOnlyDirectory(t *testing.T) {
	if !inNamespace(t, 1000) {
		return
	}
	tests := []struct {
		script    string
		undoFails bool // when the directory is read-only again
	}{
		{`echo x >gone/only.txt; echo y >a.txt; echo z >zzz`, true},
		{`rm gone/only.txt; echo y >a.txt`, false}, // the directory is not there then
		{`echo x >gone/new; echo y >a.txt`, true},
		{`mkdir gone/d; echo x >gone/d/new; rm a.txt`, false}, // the file can go, its empty directory stays
	}
	for _, test := range tests {
		s := newSandbox(t)
		base := s.commit(startFiles)
		r := s.open()
		commit := s.result(r, base, test.script)
		dir := filepath.Join(s.root, "gone")
		t.Cleanup(func() { os.Chmod(dir, 0o755) })
		os.Chmod(dir, 0o555)
		s.refused(r, Apply{ID: "1-1", Base: base, Commit: commit, Index: true}, syscall.EACCES)
		os.Chmod(dir, 0o755)
		if _, err := r.Apply(t.Context(), Apply{ID: "1-1", Base: base, Commit: commit, Index: true}); err != nil {
			t.Errorf("after the obstacle is gone: %v", err)
		}
		os.Chmod(dir, 0o555)
		before := s.all()
		err := r.Undo(t.Context(), "1-1")
		if errors.Is(err, syscall.EACCES) != test.undoFails {
			t.Errorf("%s: undo in a read-only directory: %v", test.script, err)
		}
		if err != nil {
			if diff := cmp.Diff(before, s.all()); diff != "" {
				t.Errorf("failed undo changed something:\n%s", diff)
			}
			os.Chmod(dir, 0o755)
			if err := r.Undo(t.Context(), "1-1"); err != nil {
				t.Errorf("undo after the obstacle is gone: %v", err)
			}
		}
		if got := s.git("status", "--porcelain"); got != "" {
			t.Errorf("status after undo:\n%s", got)
		}
	}
}

// small mounts a file system of 2 MiB on dir, with what is in it, and returns a
// function that fills it to the last byte and one that makes room again.
func small(t *testing.T, dir string) (fill, free func()) {
	t.Helper()
	old := dir + "-before"
	if err := os.Rename(dir, old); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("none", dir, "tmpfs", 0, "size=2m"); err != nil {
		t.Skipf("no tmpfs here: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	sh(t, dir, "cp -a '"+old+"/.' .")
	filler := filepath.Join(dir, ".filler")
	fill = func() {
		file, err := os.Create(filler)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		for size := 1 << 16; size > 0; {
			if _, err := file.Write(make([]byte, size)); err != nil {
				size /= 2
			}
		}
	}
	return fill, func() { os.Remove(filler) }
}

func TestApplyFullDisk(t *testing.T) {
	if !inNamespace(t, 0) {
		return
	}
	for _, full := range []string{"work tree", "state"} {
		t.Run(full, func(t *testing.T) {
			s := newSandbox(t)
			base := s.commit(startFiles)
			dir := s.root
			if full == "state" {
				dir = s.state
			}
			fill, free := small(t, dir)
			r := s.open()
			commit := s.result(r, base, bigChange+"\nhead -c 200000 /dev/zero | tr '\\0' x >large; head -c 100000 /dev/zero >a.txt; mkdir z; echo z >z/z")
			fill()
			s.refused(r, Apply{ID: "1-1", Base: base, Commit: commit}, syscall.ENOSPC)
			free()
			if _, err := r.Apply(t.Context(), Apply{ID: "1-1", Base: base, Commit: commit}); err != nil {
				t.Fatalf("with room again: %v", err)
			}
			after := photo(t, s.root)
			fill()
			err := r.Undo(t.Context(), "1-1")
			free()
			got := photo(t, s.root)
			delete(got, ".filler")
			if diff := cmp.Diff(after, got); err != nil && diff != "" {
				t.Errorf("failed undo (%v) changed something:\n%s", err, diff)
			}
			if err == nil {
				t.Log("undo needed no space")
			} else if err := r.Undo(t.Context(), "1-1"); err != nil {
				t.Errorf("undo with room again: %v", err)
			}
			if got := s.git("status", "--porcelain"); got != "" {
				t.Errorf("status after undo:\n%s", got)
			}
		})
	}
}

// TestApplyRollsBack makes the last of many renames fail, when all others are done:
// a file that something is mounted on can be read but not replaced.
func TestApplyRollsBack(t *testing.T) {
	if !inNamespace(t, 0) {
		return
	}
	for _, script := range []string{bigChange + "\necho x >zzz", bigChange + "\nrm zzz"} {
		s := newSandbox(t)
		s.commit(startFiles)
		base := s.commit(map[string]string{"zzz": "last\n"})
		r := s.open()
		commit := s.result(r, base, script)
		zzz := filepath.Join(s.root, "zzz")
		other := filepath.Join(t.TempDir(), "other")
		write(t, filepath.Dir(other), map[string]string{"other": "last\n"})
		if err := unix.Mount(other, zzz, "", unix.MS_BIND, ""); err != nil {
			t.Skipf("no bind mounts here: %v", err)
		}
		info, err := os.Stat(filepath.Join(s.root, "a.txt"))
		if err != nil {
			t.Fatal(err)
		}
		s.refused(r, Apply{ID: "1-1", Base: base, Commit: commit, Index: true}, syscall.EBUSY)
		again, err := os.Stat(filepath.Join(s.root, "a.txt"))
		if err != nil || !os.SameFile(info, again) || !info.ModTime().Equal(again.ModTime()) {
			t.Errorf("a.txt is not the very file it was: %v", err)
		}
		if err := unix.Unmount(zzz, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Apply(t.Context(), Apply{ID: "1-1", Base: base, Commit: commit, Index: true}); err != nil {
			t.Fatal(err)
		}
		after := s.all()
		if script[len(script)-6:] == "rm zzz" {
			continue // nothing is left to mount on
		}
		if err := unix.Mount(other, zzz, "", unix.MS_BIND, ""); err != nil {
			t.Fatal(err)
		}
		os.WriteFile(other, []byte("x\n"), 0o644) // as delivered
		if err := r.Undo(t.Context(), "1-1"); !errors.Is(err, syscall.EBUSY) {
			t.Errorf("undo: %v, want EBUSY", err)
		}
		if err := unix.Unmount(zzz, 0); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(after, s.all()); diff != "" {
			t.Errorf("failed undo changed something:\n%s", diff)
		}
		s.noTraces("1-1")
		if err := r.Undo(t.Context(), "1-1"); err != nil {
			t.Error(err)
		}
	}
}
