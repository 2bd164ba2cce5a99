//go:build unix

package proc_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent/proc"
)

func TestHowItEnds(t *testing.T) {
	for _, tc := range []struct {
		line string
		want proc.Result
	}{
		{"true", proc.Result{Reason: proc.Exited, Why: "exit status 0"}},
		{"exit 3", proc.Result{Reason: proc.Exited, Exit: 3, Why: "exit status 3"}},
		{"exit 255", proc.Result{Reason: proc.Exited, Exit: 255, Why: "exit status 255"}},
		{"no-such-program-here 2>/dev/null", proc.Result{Reason: proc.Exited, Exit: 127, Why: "exit status 127"}},
		{"kill -9 $$", proc.Result{Reason: proc.Signaled, Exit: -1, Signal: syscall.SIGKILL, Why: "ended by signal 9 (killed)"}},
		{"kill -SEGV $$", proc.Result{Reason: proc.Signaled, Exit: -1, Signal: syscall.SIGSEGV, Why: "ended by signal 11 (segmentation fault)"}},
		{"kill -TERM 0", proc.Result{Reason: proc.Signaled, Exit: -1, Signal: syscall.SIGTERM, Why: "ended by signal 15 (terminated)"}},
		{"kill -KILL 0", proc.Result{Reason: proc.Signaled, Exit: -1, Signal: syscall.SIGKILL, Why: "ended by signal 9 (killed)"}},
		{"for s in HUP INT TERM QUIT USR1; do kill -$s $PPID; done; exit 7", proc.Result{Reason: proc.Exited, Exit: 7, Why: "exit status 7"}},
	} {
		t.Run(tc.line, func(t *testing.T) {
			got := run(t, shell(t, tc.line))
			got.Took, got.Tail, got.Output = 0, nil, 0
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			if got.OK() != (tc.line == "true") {
				t.Errorf("OK() = %v", got.OK())
			}
		})
	}
}

func TestNotFound(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"plain": "x", "script": "#!/no/such/interpreter\n", "garbage": "\x00\x01"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "plain"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, why := range map[string]string{
		"no-such-program-here": `"no-such-program-here": not found in PATH`,
		"plain":                `"plain": ` + dir + `/plain is not executable`,
		"./plain":              `"./plain": permission denied`,
		"./script":             `"./script": its interpreter does not exist`,
		"./garbage":            `"./garbage": exec format error`,
		"./missing":            `"./missing": no such file`,
		"":                     `"": not found in PATH`,
	} {
		r := run(t, proc.Cmd{Argv: []string{name}, Dir: dir, Env: []string{"PATH=.::" + dir}})
		if r.Reason != proc.NotFound || r.Why != why || r.Exit != -1 {
			t.Errorf("%q: %+v, want %s", name, r, why)
		}
	}
}

func TestWhatCannotBeRun(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]proc.Cmd{
		"does not exist":                    {Shell: "true", Dir: dir + "/missing"},
		"is a file":                         {Shell: "true", Dir: file},
		"is not absolute":                   {Shell: "true", Dir: "."},
		"either arguments or a shell line":  {Dir: dir},
		"NUL byte":                          {Argv: []string{"echo", "a\x00b"}, Dir: dir},
		"argument list too long":            {Argv: []string{"/bin/echo", strings.Repeat("x", 4<<20)}, Dir: dir},
		"arguments and environment are too": {Argv: []string{"/bin/echo", strings.Repeat("x", 20<<20)}, Dir: dir},
	} {
		_, err := proc.Run(t.Context(), c)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %.200v, want one that says %q", err, want)
		}
	}
	_, err := proc.Run(t.Context(), proc.Cmd{Shell: "true", Dir: dir + "/missing"})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is not fs.ErrNotExist", err)
	}
}

func TestSurroundings(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Run("environment", func(t *testing.T) {
		want := []string{"A=1", "B=two words\nand a line", "RAW=\xff\xfe", "GODEBUG=inittrace=1", "GOMAXPROCS=7", "EMPTY="}
		r := run(t, proc.Cmd{Argv: []string{"/usr/bin/env", "-0"}, Dir: dir, Env: want})
		if diff := cmp.Diff(strings.Join(want, "\x00")+"\x00", string(r.Tail)); diff != "" {
			t.Error(diff)
		}
		r = run(t, proc.Cmd{Argv: []string{"/usr/bin/env"}, Dir: dir})
		if len(r.Tail) != 0 {
			t.Errorf("no environment was given, got %q", r.Tail)
		}
	})
	t.Run("directory", func(t *testing.T) {
		if r := run(t, proc.Cmd{Shell: "pwd -P", Dir: dir}); string(r.Tail) != dir+"\n" {
			t.Errorf("ran in %q, want %q", r.Tail, dir)
		}
	})
	t.Run("arguments", func(t *testing.T) {
		r := run(t, proc.Cmd{Argv: []string{"printf", "%s|", "", "a b", "$x", "\xff", "\n"}, Dir: dir, Env: basicEnv})
		if string(r.Tail) != "|a b|$x|\xff|\n|" {
			t.Errorf("got %q", r.Tail)
		}
	})
	t.Run("no stdin", func(t *testing.T) {
		c := shell(t, "cat; test -t 0; echo $?; (: </dev/tty) 2>/dev/null || echo no terminal")
		if r := run(t, c); string(r.Tail) != "1\nno terminal\n" {
			t.Errorf("got %q", r.Tail)
		}
	})
	t.Run("stdin", func(t *testing.T) {
		text := bytes.Repeat([]byte("0123456\n"), 1<<17)
		c := shell(t, "wc -c")
		c.Stdin = text
		if r := run(t, c); strings.TrimSpace(string(r.Tail)) != "1048576" {
			t.Errorf("wc counted %q", r.Tail)
		}
		c = shell(t, "exit 4") // does not read it
		c.Stdin = text
		if r := run(t, c); r.Exit != 4 {
			t.Errorf("%+v", r)
		}
		c = shell(t, "cat")
		c.Stdin = []byte{}
		if r := run(t, c); !r.OK() {
			t.Errorf("%+v", r)
		}
	})
	t.Run("no descriptors but three", func(t *testing.T) {
		if _, err := os.Stat("/proc/self/fd"); err != nil {
			t.Skip("needs /proc/self/fd")
		}
		if r := run(t, proc.Cmd{Argv: []string{"ls", "/proc/self/fd"}, Dir: dir, Env: basicEnv}); string(r.Tail) != "0\n1\n2\n3\n" { // 3 is ls's own
			t.Errorf("got %q", r.Tail)
		}
	})
	t.Run("signals as by default", func(t *testing.T) {
		if _, err := os.Stat("/proc/self/status"); err != nil {
			t.Skip("needs /proc/self/status")
		}
		r := run(t, proc.Cmd{Argv: []string{"grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"}, Dir: dir, Env: basicEnv})
		if strings.Trim(string(r.Tail), "SigBlkIn:\t\n0") != "" {
			t.Errorf("blocked or ignored signals:\n%s", r.Tail)
		}
	})
}
