package main_test

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
)

// TestRepositoryStaysByteForByte runs the whole product over a repository - results
// of every kind, a cancel, a daemon killed while it works, a clean-up - and wants
// the work tree and all of .git as they were: names, modes, contents, times.
func TestRepositoryStaysByteForByte(t *testing.T) {
	w := newWorld(t, "AGENT_WORKERS=2")
	w.write("a.txt", "one\ntwo\nthree\n", "dir/b.txt", "b\n", "ignored/x", "x", ".gitignore", "ignored/\n")
	w.commit("first")
	w.write("a.txt", "one\ntwo\nthree\nlocal change\n", "untracked.txt", "u\n")
	good := "--- a/dir/b.txt\n+++ b/dir/b.txt\n@@ -1 +1 @@\n-b\n+better\n"
	before := fingerprint(t, w.repo)

	for _, job := range []struct {
		want  int
		stdin string
		args  []string
	}{
		{0, good, []string{"--diff", "-", "-c", "grep better dir/b.txt"}},
		{3, good, []string{"--diff", "-", "-c", "echo x > junk; git commit -qam junk; false"}},
		{4, strings.ReplaceAll(good, "-b\n", "-c\n"), []string{"--diff", "-"}},
		{0, "", []string{"--run", "rm -r dir; git add -A; git commit -qm gone; git branch stray; git config a.b c", "-c", "test ! -e dir"}},
		{4, "", []string{"--run", "exit 7"}},
		{4, "", []string{"--run", "rm -rf .git; exit 1"}},
		{3, "", []string{"--run", "echo $AGENT_VARIANT > n", "-n", "3", "-c", "grep 9 n"}},
	} {
		got := w.run(job.stdin, append([]string{"patch", "-w"}, job.args...)...)
		if got.status != job.want {
			t.Errorf("agent patch %q: exit status %d, want %d\n%s%s", job.args, got.status, job.want, got.stdout, got.stderr)
		}
	}

	id := strings.TrimSpace(w.ok("patch", "--print-id", "--run", "echo > started; sleep 60"))
	w.until("the job runs", 10*time.Second, func() bool { return w.job(id).State == agent.Running })
	w.ok("cancel", id)
	w.run("", "wait", id)

	id = strings.TrimSpace(w.ok("patch", "--print-id", "--run", "echo > started; sleep 60"))
	w.until("the job runs", 10*time.Second, func() bool { return w.job(id).State == agent.Running })
	if err := w.daemon().Kill(); err != nil {
		t.Fatal(err)
	}
	w.ok("list")
	w.ok("cancel", id)
	w.run("", "wait", id)
	w.ok("clean", "--all")
	w.ok("gc")
	w.ok("daemon", "stop")

	if diff := cmp.Diff(before, fingerprint(t, w.repo)); diff != "" {
		t.Errorf("the repository changed (-before +after):\n%s", diff)
	}
}

// fingerprint maps every path below dir to its kind, mode, time and content.
func fingerprint(t *testing.T, dir string) map[string]string {
	t.Helper()
	prints := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		content := ""
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			content = fmt.Sprintf("%x", sha256.Sum256(data))
		}
		rel, _ := filepath.Rel(dir, path)
		when := info.ModTime().UnixNano()
		if strings.HasPrefix(rel, filepath.Join(".git", "objects")) {
			when = 0 // git marks an object that it would write again as still wanted, in its alternates too
		}
		prints[rel] = fmt.Sprintf("%v %d %v %s", info.Mode(), info.Size(), when, content)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return prints
}
