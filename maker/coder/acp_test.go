//go:build unix

package coder_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent/maker/coder"
	"codeagent.dev/agent/maker/coder/codertest"
)

// TestACPEnds: how each agent ends, and what it left of the file.
func TestACPEnds(t *testing.T) {
	for b, tc := range map[codertest.Behaviour]struct {
		reason  coder.Reason
		message string // begins with
		hint    string // contains
		edited  bool
	}{
		codertest.Edit:         {edited: true},
		codertest.AskInside:    {edited: true},
		codertest.AskRun:       {edited: true},
		codertest.AskOutside:   {edited: true},
		codertest.Write:        {edited: true},
		codertest.WriteOutside: {edited: true},
		codertest.Notify:       {edited: true},
		codertest.Linger:       {edited: true},
		codertest.Nothing:      {},
		codertest.Question:     {},
		codertest.Outside:      {reason: coder.Outside, message: "the agent wrote outside of the checkout: /", hint: "sandbox"},
		codertest.Quit:         {reason: coder.Protocol, message: "the agent ended in the middle of its turn (exit status 3): panic: out of ideas"},
		codertest.Garbage:      {reason: coder.Protocol, message: "the agent does not speak ACP: Welcome! This is no protocol."},
		codertest.Flood:        {reason: coder.Protocol, message: "the agent does not speak ACP: Welcome!"},
		codertest.HangSilent:   {reason: coder.Stalled, message: "no progress for 2s"},
		codertest.Hang:         {reason: coder.Stalled, message: "no progress for 2s"},
		codertest.Version:      {reason: coder.Protocol, message: "the agent speaks version 99 of ACP, not 1"},
		codertest.Login:        {reason: coder.NeedsLogin, message: "Authentication required", hint: "log in to the fake"},
		codertest.Limit:        {reason: coder.Quota, message: "Internal error: 429 Too Many Requests: try again in 20s"},
		codertest.Refuse:       {reason: coder.Failed, message: "the agent refused the task"},
		codertest.Mistyped:     {reason: coder.Protocol, message: "the agent's answer cannot be read"},
	} {
		t.Run(string(b), func(t *testing.T) {
			t.Parallel()
			task, log := shop(t)
			task.Time, task.Idle = time.Minute, 20*time.Second
			if tc.reason == coder.Stalled || b == codertest.Garbage {
				task.Idle = 2 * time.Second
			}
			_, err := codertest.Agent(b).Run(t.Context(), task)
			if reason(err) != tc.reason {
				t.Fatalf("got %q (%v), want %q\n%s", reason(err), err, tc.reason, log)
			}
			if e, ok := errors.AsType[*coder.Error](err); ok && (!strings.HasPrefix(e.Message, tc.message) || !strings.Contains(e.Hint, tc.hint)) {
				t.Errorf("got %q, hint %q", e.Message, e.Hint)
			}
			if got := read(t, task.Dir, "style.css") == red; got != tc.edited {
				t.Errorf("edited: %v\n%s", got, log)
			}
		})
	}
}

func TestACPReport(t *testing.T) {
	task, log := shop(t)
	report, err := codertest.Agent(codertest.Edit).Run(t.Context(), task)
	if err != nil {
		t.Fatal(err)
	}
	want := coder.Report{Said: "The buttons are red now.", Stop: "end_turn", Usage: coder.Usage{Input: 100, CacheRead: 5, Output: 7, Known: true}}
	if diff := cmp.Diff(want, report); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("> Edit style.css\nThe buttons are red now.\n", log.String()); diff != "" {
		t.Error(diff)
	}
}

func TestACPQuestion(t *testing.T) {
	task, _ := shop(t)
	report, err := codertest.Agent(codertest.Question).Run(t.Context(), task)
	if err != nil || report.Question() != "Which of them do you mean?" {
		t.Errorf("%q %v", report.Question(), err)
	}
}

// TestACPPolicy: outside nothing is permitted, written or read, and it is said.
func TestACPPolicy(t *testing.T) {
	t.Run("permission", func(t *testing.T) {
		task, log := shop(t)
		outside := filepath.Join(filepath.Dir(task.Dir), "outside.txt")
		report, err := codertest.Agent(codertest.AskOutside).Run(t.Context(), task)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"write outside: " + outside}, report.Refused); diff != "" {
			t.Error(diff)
		}
		if _, err := os.Lstat(outside); err == nil || !strings.Contains(log.String(), "! refused to write outside: "+outside) {
			t.Errorf("it was there\n%s", log)
		}
	})
	t.Run("files", func(t *testing.T) {
		task, _ := shop(t)
		elsewhere := t.TempDir()
		write(t, filepath.Join(elsewhere, "x"), "secret")
		for name, to := range map[string]string{"link": elsewhere, "dangling": filepath.Join(elsewhere, "y")} {
			if err := os.Symlink(to, filepath.Join(task.Dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		report, err := codertest.Agent(codertest.WriteOutside).Run(t.Context(), task)
		if err != nil || report.Said != "The buttons are red now." || len(report.Refused) != 9 {
			t.Errorf("%+v %v", report, err)
		}
		if got := read(t, elsewhere, "x"); got != "secret" {
			t.Errorf("it is %q", got)
		}
		for _, path := range []string{filepath.Join(elsewhere, "y"), filepath.Join(task.Dir, ".git"), filepath.Join(filepath.Dir(task.Dir), "outside.txt")} {
			if _, err := os.Lstat(path); err == nil {
				t.Errorf("%s was written", path)
			}
		}
	})
	t.Run("inside", func(t *testing.T) {
		task, _ := shop(t)
		report, err := codertest.Agent(codertest.Write).Run(t.Context(), task)
		if err != nil || len(report.Refused) != 0 || read(t, task.Dir, "new", "deep", "file.txt") != "new\n" {
			t.Errorf("%+v %v", report, err)
		}
	})
}

// TestACPCanceled: the agent is told, and says its last words.
func TestACPCanceled(t *testing.T) {
	for _, b := range []codertest.Behaviour{codertest.Hang, codertest.HangSilent} {
		t.Run(string(b), func(t *testing.T) {
			t.Parallel()
			task, log := shop(t)
			ctx, cancel := context.WithCancel(t.Context())
			inner := task.Log
			task.Log = func(s string) { inner(s); cancel() }
			if b == codertest.HangSilent {
				time.AfterFunc(200*time.Millisecond, cancel)
			}
			begun := time.Now()
			_, err := codertest.Agent(b).Run(ctx, task)
			if reason(err) != coder.Canceled || time.Since(begun) > 30*time.Second {
				t.Errorf("%v after %v", err, time.Since(begun))
			}
			if b == codertest.Hang && log.String() != "thinking about it\nstopping\n" && !strings.Contains(log.String(), "stopping") {
				t.Errorf("it was not told: %q", log)
			}
		})
	}
}

func TestACPTimeLimit(t *testing.T) {
	task, _ := shop(t)
	task.Time = 700 * time.Millisecond
	if _, err := codertest.Agent(codertest.Hang).Run(t.Context(), task); reason(err) != coder.TimedOut {
		t.Error(err)
	}
	task.Time, task.Output = time.Minute, 1000
	if _, err := codertest.Agent(codertest.Notify).Run(t.Context(), task); reason(err) != coder.TooMuchOutput {
		t.Error(err)
	}
}

func TestACPLeavesNoProcess(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("needs setsid")
	}
	task, log := shop(t)
	if _, err := codertest.Agent(codertest.Fork).Run(t.Context(), task); err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`left (\d+)`).FindStringSubmatch(log.String())
	if m == nil {
		t.Fatalf("it left none: %s", log)
	}
	pid, _ := strconv.Atoi(m[1])
	if err := syscall.Kill(pid, 0); err == nil {
		t.Errorf("process %d lives", pid)
	}
}

// TestACPCommits: a commit goes into a repository of its own, never into one above.
func TestACPCommits(t *testing.T) {
	task, log := shop(t)
	above := filepath.Dir(task.Dir)
	if out, err := exec.Command("git", "init", "-q", above).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	if _, err := codertest.Agent(codertest.Commit).Run(t.Context(), task); err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	if out, err := exec.Command("git", "-C", above, "rev-parse", "-q", "--verify", "HEAD").CombinedOutput(); err == nil {
		t.Errorf("the repository above has a commit: %s", out)
	}
	if read(t, task.Dir, "style.css") != red {
		t.Error("it did not edit")
	}
	a := coder.Agent{Kind: coder.Command, Argv: []string{"git", "rev-parse", "--git-dir"}}
	if err := os.RemoveAll(filepath.Join(task.Dir, ".git")); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Run(t.Context(), task); reason(err) != coder.Failed {
		t.Errorf("git finds the repository above: %v", err)
	}
}
