//go:build unix

package proc_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent/proc"
)

func TestEnv(t *testing.T) {
	t.Setenv("PROC_TEST_SECRET", "not to be inherited")
	closed := []string{
		"AGENT_JOB=1", "EDITOR=:", "GIT_EDITOR=:", "GIT_PAGER=cat", "GIT_SEQUENCE_EDITOR=:", "GIT_TERMINAL_PROMPT=0", "PAGER=cat",
	}
	got := proc.Env(map[string]string{
		"HOME": "/home/x", "PATH": "/opt/bin", "CI": "true", "TERM": "xterm", "LANG": "C.UTF-8", "GIT_AUTHOR_NAME": "A",
		"PAGER": "less", "GIT_EDITOR": "vi", "GIT_TERMINAL_PROMPT": "1",
		"GIT_DIR": "/else/.git", "GIT_INDEX_FILE": "/else/index", "GIT_WORK_TREE": "/else", "GIT_PREFIX": "sub/",
		"": "x", "A=B": "x", "NUL": "\x00",
	}, "AGENT_TRY=2", "LANG=C", "EMPTY")
	want := []string{closed[0], "AGENT_TRY=2", "CI=true", closed[1], "EMPTY=", "GIT_AUTHOR_NAME=A"}
	want = append(append(want, closed[2:6]...), "HOME=/home/x", "LANG=C", closed[6], "PATH=/opt/bin", "TERM=xterm", "VISUAL=:")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	got = proc.Env(nil)
	want = append(append([]string{closed[0], "CI=1"}, closed[1:]...), "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=dumb", "VISUAL=:")
	if path, ok := strings.CutPrefix(got[len(closed)+1], "PATH="); !ok || !strings.Contains(path, "/usr/bin:") {
		t.Errorf("PATH is %q", path)
	}
	got[len(closed)+1] = want[len(closed)+1] // the system's own
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := proc.Env(map[string]string{"PATH": ""}); !strings.Contains(strings.Join(got, "\n"), "PATH=/") {
		t.Errorf("an empty PATH was kept: %q", got)
	}
}

// TestEnvGit: what git itself calls local to a repository does not pass.
func TestEnvGit(t *testing.T) {
	out, err := exec.Command("git", "rev-parse", "--local-env-vars").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(string(out)) {
		for _, kv := range proc.Env(map[string]string{name: "/else"}) {
			if strings.HasPrefix(kv, name+"=") {
				t.Errorf("%s passes", name)
			}
		}
	}
}
