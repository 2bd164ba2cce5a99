package repo

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeagent.dev/agent/patch"
)

// killedState and killedRepo tell the child of TestCommitSurvivesKill where to work.
const (
	killedState = "AGENT_TEST_KILLED_STATE"
	killedRepo  = "AGENT_TEST_KILLED_REPO"
)

// TestCommitSurvivesKill lets a process make commits and kills it at any moment. What
// it said is done must be there, whole; what it has not said must not be in the way.
func TestCommitSurvivesKill(t *testing.T) {
	if state := os.Getenv(killedState); state != "" {
		commitUntilKilled(t, state, os.Getenv(killedRepo))
		return
	}
	w := newWorld(t)
	dir := w.repo("r", "a", "1\n", "d/e/f", "2\n")
	mirror := w.open(dir).Mirror()
	said := 0
	for round := range 12 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestCommitSurvivesKill$", "-test.v")
		cmd.Env = append(os.Environ(), killedState+"="+w.state, killedRepo+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		var done []string
		for lines.Scan() {
			if commit, ok := strings.CutPrefix(lines.Text(), "done "); ok {
				if done = append(done, commit); len(done) == 1 {
					time.AfterFunc(time.Duration(rand.IntN(40_000))*time.Microsecond, func() { cmd.Process.Kill() })
				}
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the child ended by itself")
		}
		for _, commit := range done {
			w.git(mirror, "rev-list", "--objects", commit)
		}
		said += len(done)
		w.git(mirror, "fsck", "--strict", "--no-dangling")
		w.git(mirror, "rev-list", "--objects", "--all")
		w.commit(w.open(dir), "refs/agent/9/9", put("a", fmt.Sprint(round)))
	}
	if said < 12 {
		t.Errorf("only %d commits were made in 12 rounds", said)
	}
}

func commitUntilKilled(t *testing.T, state, dir string) {
	set := NewSet(state)
	r, err := set.Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	head, err := r.Resolve(context.Background(), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i++ {
		text := fmt.Sprintf("%d of %d\n", i, os.Getpid())
		res, err := r.Commit(context.Background(), Change{
			Base: head, Writes: []patch.Write{put("a", text), put("d/e/f", text+text)}, Message: text, Ref: fmt.Sprintf("refs/agent/%d/1", 1+i%5),
		})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("done " + res.Commit)
	}
}

func TestLockOfAKilledGitIsRemoved(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "a", "1\n")
	r := w.open(dir)
	w.commit(r, "refs/agent/1/1", put("a", "2\n"))
	lock := filepath.Join(r.Mirror(), "refs", "agent", "1", "1.lock")
	w.write(lock, "")
	head := w.git(dir, "rev-parse", "HEAD")
	_, err := r.Commit(t.Context(), Change{Base: head, Writes: []patch.Write{put("a", "3\n")}, Ref: "refs/agent/1/1"})
	wantError(t, err, "internal", "File exists", "")
	old := time.Now().Add(-2 * lockAge)
	if err := os.Chtimes(lock, old, old); err != nil {
		t.Fatal(err)
	}
	w.commit(r, "refs/agent/1/1", put("a", "4\n"))
}

func TestMirrorThatWasNeverFinishedIsGarbage(t *testing.T) {
	w := newWorld(t)
	r := w.open(w.repo("r", "a", "1\n"))
	home := filepath.Dir(r.Mirror())
	old := time.Now().Add(-48 * time.Hour)
	for _, name := range []string{unfinishedMirror + "1", unfinishedMirror + "2"} {
		w.mkdir(filepath.Join(home, name))
		if name == unfinishedMirror+"2" {
			if err := markOwned(filepath.Join(home, name)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chtimes(filepath.Join(home, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	if g := w.gc(r, false); g.Objects != 2 {
		t.Errorf("garbage %+v, want 2", g)
	}
	if left, _ := filepath.Glob(filepath.Join(home, unfinishedMirror+"*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
