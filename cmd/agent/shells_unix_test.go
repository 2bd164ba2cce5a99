//go:build unix

package main_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shellWorld has two jobs, and a name for the binary that a shell finds.
func shellWorld(t *testing.T, shell string) *world {
	t.Helper()
	needs(t, shell)
	w := newWorld(t)
	i := slices.IndexFunc(w.env, func(kv string) bool { return strings.HasPrefix(kv, "PATH=") })
	w.env[i] = "PATH=" + filepath.Dir(w.bin) + ":" + os.Getenv("PATH")
	w.write("a.txt", "a\n")
	w.commit("first")
	w.ok("patch", "-w", "--run", "echo b > a.txt")
	w.ok("patch", "-w", "--run", "echo $(date) 'c \"d' > a.txt")
	return w
}

// says runs a script in a shell and returns what it wrote. It must write nothing on stderr.
func (w *world) says(argv ...string) string {
	w.t.Helper()
	cmd := w.command(argv[0], argv[1:]...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil || errs.Len() > 0 {
		w.t.Errorf("%s: %v\n%s", argv[0], err, errs.String())
	}
	return out.String()
}

func TestBashCompletes(t *testing.T) {
	w := shellWorld(t, "bash")
	const lib = "/usr/share/bash-completion/bash_completion"
	if _, err := os.Stat(lib); err != nil {
		missing(t, "bash-completion is not installed")
	}
	script := `
source ` + lib + `
source <(agent completion bash)
compopt() { :; } # bash has it only while it completes
try() { # the words of a command line
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_TYPE=9 COMP_KEY=9
	COMP_POINT=${#COMP_LINE}
	COMPREPLY=()
	__start_agent
	printf '%s|' "${COMPREPLY[@]}"
	echo
}
try agent show 1/
try agent app
try agent list --verdict unv
try agent pick 2`
	got := w.says("bash", "--norc", "-c", script)
	want := []string{"1/1|", "apply", "unverified", "2/1|"}
	for i, line := range strings.Split(strings.TrimSpace(got), "\n") {
		if i >= len(want) || !strings.HasPrefix(line, want[i]) && !strings.Contains(line, want[i]) {
			t.Errorf("line %d of bash: %q", i+1, line)
		}
	}
	if lines := strings.Count(got, "\n"); lines != len(want) {
		t.Errorf("%d answers: %q", lines, got)
	}
}

func TestFishCompletes(t *testing.T) {
	w := shellWorld(t, "fish")
	got := w.says("fish", "--no-config", "-c", `agent completion fish | source
complete -C 'agent show '
complete -C 'agent show 1/'
complete -C 'agent list --verdict unver'`)
	for _, want := range []string{"1\tunverified: echo b > a.txt\n", "2\tunverified: echo $(date) 'c \"d' > a.txt\n", "1/1\t", "unverified\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("fish does not offer %q in %q", want, got)
		}
	}
}

func TestZshCompletes(t *testing.T) {
	w := shellWorld(t, "zsh")
	// What would be shown is caught where zsh is told of it.
	got := w.says("zsh", "-f", "-c", `autoload -Uz compinit && compinit -u -d $HOME/.zcompdump
source <(agent completion zsh)
_describe() { shift; for name in "$@"; do [[ $name = -* ]] || print -rl -- "${(@P)name}"; done }
compadd() { :; }
compset() { return 1; }
try() { words=("$@"); CURRENT=$#; _agent }
try agent show ''
try agent show 1/
try agent list --verdict unver`)
	for _, want := range []string{"1:unverified\\: echo b > a.txt\n", "1/1:unverified", "unverified\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("zsh does not offer %q in %q", want, got)
		}
	}
}

// TestCompletionIsQuickAndQuiet: without a daemon, with one that hangs, and with settings
// that cannot be read it offers nothing, soon, says nothing, and starts nothing.
func TestCompletionIsQuickAndQuiet(t *testing.T) {
	w := newWorld(t)
	w.write("a.txt", "a\n")
	w.commit("first")
	ask := func(what string) {
		t.Helper()
		best := time.Hour
		for range 5 { // the machine may be busy
			begun := time.Now()
			got := w.run("", "__completeNoDesc", "show", "")
			best = min(best, time.Since(begun))
			if got.status != 0 || got.stdout != ":36\n" || strings.Count(got.stderr, "\n") != 1 {
				t.Errorf("%s: %+v", what, got)
			}
		}
		if best > 2*time.Second { // it would be ten, did it wait as other commands do
			t.Errorf("%s: it takes %s", what, best)
		}
	}
	ask("no daemon")
	if got := w.run("", "daemon", "status"); got.status != 7 {
		t.Errorf("a daemon was started: %+v", got)
	}
	w.ok("daemon", "start")
	d := w.daemon()
	if err := d.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ask("a daemon that hangs")
	if err := d.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	settings := filepath.Join(w.home, ".config", "agent", "config.yaml")
	if err := os.MkdirAll(filepath.Dir(settings), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(settings, []byte("workers: [\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := w.run("", "__complete", "patch", "--maker", ""); got.status != 0 || !strings.Contains(got.stdout, "claude") || strings.Count(got.stderr, "\n") != 1 {
		t.Errorf("broken settings: %+v", got)
	}
}
