//go:build unix

package maker_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
	"codeagent.dev/agent/maker"
)

// commanded runs a command as the maker of a job.
func commanded(ctx context.Context, t *testing.T, line string, change func(*maker.Request)) (dir, log string, err error) {
	t.Helper()
	dir = t.TempDir()
	var out strings.Builder
	req := maker.Request{
		Spec:    agent.Spec{Kind: agent.Command, Text: line, Env: map[string]string{"MINE": "yes"}},
		Variant: 2, Try: 3, Dir: dir,
		Log: func(text string) { out.WriteString(text) },
	}
	if change != nil {
		change(&req)
	}
	answer, err := only(t, req.Spec).Make(ctx, req)
	if answer.Patch != nil {
		t.Errorf("a command answered %q", answer.Patch)
	}
	return dir, out.String(), err
}

func TestCommand(t *testing.T) {
	t.Setenv("MAKER_TEST_SECRET", "not to be inherited")
	line := `echo edited >file; env | cut -d= -f1 | sort; echo "$CI $MINE $AGENT_VARIANT/$AGENT_TRY $GIT_TERMINAL_PROMPT"; cat; echo end >&2`
	dir, log, err := commanded(t.Context(), t, line, nil)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "file")); err != nil || string(text) != "edited\n" {
		t.Errorf("file: %q, %v", text, err)
	}
	names := strings.Split("AGENT_JOB AGENT_TRY AGENT_VARIANT CI EDITOR GIT_EDITOR GIT_PAGER GIT_SEQUENCE_EDITOR GIT_TERMINAL_PROMPT MINE PAGER PATH PWD TERM VISUAL", " ")
	want := strings.Join(names, "\n") + "\n1 yes 2/3 0\nend\n"
	if diff := cmp.Diff(want, log); diff != "" {
		t.Error(diff)
	}
}

func TestCommandFails(t *testing.T) {
	long := strings.Repeat("é", 200)
	for name, tc := range map[string]struct {
		line   string
		limits agent.Limits
		want   string
	}{
		"status":           {"echo one; echo two; echo; exit 3", agent.Limits{}, "exit status 3: two"},
		"silent":           {"exit 4", agent.Limits{}, "exit status 4"},
		"stderr":           {"echo bad >&2; false", agent.Limits{}, "exit status 1: bad"},
		"no such program":  {"no-such-program-here 2>/dev/null || { r=$?; echo no-such-program-here: not found; exit $r; }", agent.Limits{}, "exit status 127: no-such-program-here: not found"},
		"signal":           {"echo bye; kill -9 $$", agent.Limits{}, "ended by signal 9 (killed): bye"},
		"time":             {"echo slow; exec sleep 600", agent.Limits{Make: agent.Duration(200 * time.Millisecond)}, "time limit of 200ms: slow"},
		"output":           {"while :; do echo y; done", agent.Limits{Output: 4096}, "output limit of 4 KiB: y"},
		"colour":           {`printf '\033[1;31mred\033[0m  \tand\033]0;title\007 plain\033[K\n'; exit 1`, agent.Limits{}, "exit status 1: red and plain"},
		"overwritten":      {`printf '10%%\r20%%\r\n'; exit 1`, agent.Limits{}, "exit status 1: 20%"},
		"not text":         {`printf 'a\377\000b\n'; exit 1`, agent.Limits{}, "exit status 1: a\uFFFD b"},
		"a very long line": {"echo " + long + "; exit 1", agent.Limits{}, "exit status 1: " + long[:200] + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := commanded(t.Context(), t, tc.line, func(r *maker.Request) { r.Spec.Limits = tc.limits })
			if diff := cmp.Diff(maker.Error{Verdict: agent.Failed, Reason: tc.want}, ended(t, err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCommandCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, _, err := commanded(ctx, t, "echo ready; exec sleep 600", func(r *maker.Request) { r.Log = func(string) { cancel() } })
	if diff := cmp.Diff(maker.Error{Verdict: agent.Canceled, Reason: "canceled"}, ended(t, err)); diff != "" {
		t.Error(diff)
	}
}

// TestCommandNowhere: the machine's failure has no verdict of the maker's.
func TestCommandNowhere(t *testing.T) {
	_, _, err := commanded(t.Context(), t, "true", func(r *maker.Request) { r.Dir += "/missing" })
	if _, typed := err.(*maker.Error); err == nil || typed {
		t.Errorf("got %v", err)
	}
}
