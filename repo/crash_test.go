package repo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"codeagent.dev/agent"
	"github.com/google/go-cmp/cmp"
)

// TestMain turns the test binary into a process that makes or undoes one delivery
// when a crash test starts it for that.
func TestMain(m *testing.M) {
	if os.Getenv("REPO_TEST_VICTIM") != "" {
		if err := victim(os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5], os.Args[6]); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func victim(state, root, act, id, base, commit string) error {
	ctx := context.Background()
	set := NewSet(state)
	r, err := set.Open(ctx, root)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	if act == "undo" {
		return r.Undo(ctx, id)
	}
	_, err = r.Apply(ctx, Apply{ID: id, Base: base, Commit: commit, Index: true})
	return err
}

// killVictim runs one act in a process of its own and kills it after the given time;
// with no time it lets it end. It returns how long the act took, and whether it ended.
func (s *sandbox) killVictim(after time.Duration, args ...string) (time.Duration, bool) {
	s.t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{s.state, s.root}, args...)...)
	cmd.Env = append(os.Environ(), "REPO_TEST_VICTIM=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	line := make([]byte, 6)
	if _, err := out.Read(line); err != nil || string(line) != "ready\n" {
		s.t.Fatalf("the process did not get ready: %q, %v", line, err)
	}
	started := time.Now()
	if after > 0 {
		time.AfterFunc(after, func() { cmd.Process.Kill() })
	}
	rest := make([]byte, 4096)
	n, _ := out.Read(rest)
	err = cmd.Wait()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok && failed.Exited() {
		s.t.Fatalf("%v: %s", args, rest[:n])
	}
	return time.Since(started), err == nil
}

// TestKilledDelivery kills processes that apply and undo, at random moments. After
// whatever is called next, files and index are as before or as after, and the record
// says the same.
func TestKilledDelivery(t *testing.T) {
	s := newSandbox(t)
	s.commit(startFiles)
	files := map[string]string{}
	for i := range 40 {
		files[fmt.Sprintf("many/%d/f.txt", i)] = fmt.Sprintf("file %d\n", i)
	}
	base := s.commit(files)
	r := s.open()
	commit := s.result(r, base, bigChange+`
for f in many/*/f.txt; do echo more >>$f; done; rm -r many/7 many/8; mkdir many/x; echo x >many/x/x`)
	look := func() map[string]string {
		seen := photo(t, s.root)
		seen[".index"] = s.git("ls-files", "--stage")
		return seen
	}
	before := look()
	took, _ := s.killVictim(0, "apply", "1-1", base, commit)
	after := look()
	back, _ := s.killVictim(0, "undo", "1-1", base, commit)
	if diff := cmp.Diff(before, look()); diff != "" {
		t.Fatalf("undo without a crash:\n%s", diff)
	}
	rounds := 30
	if testing.Short() {
		rounds = 15
	}
	seen := map[string]int{}
	applied, id := false, ""
	for round := range rounds {
		act, limit := "apply", took
		if applied {
			act, limit = "undo", back
		} else {
			id = fmt.Sprintf("2-%d", round)
		}
		_, ended := s.killVictim(time.Duration((0.3+0.9*rand.Float64())*float64(limit)), act, id, base, commit)
		if err := r.Undo(t.Context(), "9-9"); agent.CodeOf(err) != agent.NotFound { // any call repairs
			t.Fatalf("round %d, %s: repair: %v", round, act, err)
		}
		s.noTemps()
		d, err := r.delivery(id)
		if err != nil {
			t.Fatal(err)
		}
		err = d.load()
		applied = err == nil && d.journal.State == stateApplied
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		want := before
		if applied {
			want = after
		}
		if diff := cmp.Diff(want, look()); diff != "" {
			t.Fatalf("round %d, %s killed: record says %q, work tree differs:\n%s", round, act, d.journal.State, diff)
		}
		if ended && applied != (act == "apply") {
			t.Fatalf("round %d: %s ended well and is not there", round, act)
		}
		seen[fmt.Sprintf("%s ended:%t applied:%t", act, ended, applied)]++
	}
	t.Log(seen)
}

// noTemps checks that no temporary file and no sign of work under way is left.
func (s *sandbox) noTemps() {
	s.t.Helper()
	var found []string
	for _, pattern := range []string{".agent-*", "*/.agent-*", "*/*/.agent-*"} {
		more, _ := filepath.Glob(filepath.Join(s.root, pattern))
		found = append(found, more...)
	}
	more, _ := filepath.Glob(filepath.Join(s.state, "repos", "*", "open", "*"))
	if found = append(found, more...); len(found) > 0 {
		s.t.Fatalf("left: %v", found)
	}
}

// TestApplyCanceled stops Apply at random moments, as ^C does: nothing has happened, or
// all of it.
func TestApplyCanceled(t *testing.T) {
	s := newSandbox(t)
	base := s.commit(startFiles)
	r := s.open()
	commit := s.result(r, base, bigChange)
	before := s.all()
	start := time.Now()
	if _, err := r.Apply(t.Context(), Apply{ID: "1-1", Base: base, Commit: commit}); err != nil {
		t.Fatal(err)
	}
	took, after := time.Since(start), photo(t, s.root)
	if err := r.Undo(t.Context(), "1-1"); err != nil {
		t.Fatal(err)
	}
	for i := range 12 {
		id := fmt.Sprintf("2-%d", i)
		ctx, cancel := context.WithTimeout(t.Context(), took*time.Duration(i)/10)
		_, err := r.Apply(ctx, Apply{ID: id, Base: base, Commit: commit})
		cancel()
		if err != nil {
			if diff := cmp.Diff(before, s.all()); diff != "" {
				t.Fatalf("canceled (%v), and something changed:\n%s", err, diff)
			}
			s.noTemps()
			continue
		}
		if diff := cmp.Diff(after, photo(t, s.root)); diff != "" {
			t.Fatalf("not canceled, and not complete:\n%s", diff)
		}
		if err := r.Undo(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
}
