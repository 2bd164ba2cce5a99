package proc

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
)

// prepare makes the command that path finds, suspended and without a window.
func (c Cmd) prepare(path string) *exec.Cmd {
	cmd := &exec.Cmd{Path: path, Args: c.Argv, Dir: c.Dir, Env: c.Env, WaitDelay: time.Second}
	if cmd.Env == nil {
		cmd.Env = []string{} // nil would mean ours
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_SUSPENDED | windows.CREATE_NO_WINDOW}
	if c.Shell != "" {
		// cmd does not unquote as other programs do: /s takes off the outer quotes alone.
		cmd.Args = nil
		cmd.SysProcAttr.CmdLine = `cmd /d /s /c "` + c.Shell + `"`
	}
	if c.Stdin != nil {
		cmd.Stdin = bytes.NewReader(c.Stdin)
	}
	return cmd
}

// path finds the program in Env's PATH, trying Env's PATHEXT, and never by a relative
// entry: the directory a command runs in is not trusted to name programs.
func (c Cmd) path() (string, error) {
	if c.Shell != "" {
		dir, err := windows.GetSystemDirectory()
		if err != nil {
			return "", &notFoundError{"cmd.exe", err.Error()}
		}
		return filepath.Join(dir, "cmd.exe"), nil
	}
	name := c.Argv[0]
	dirs := filepath.SplitList(lookup(c.Env, "PATH"))
	if strings.ContainsAny(name, `/\:`) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(c.Dir, name)
		}
		name, dirs = filepath.Base(name), []string{filepath.Dir(name)}
	}
	for _, dir := range dirs {
		if !filepath.IsAbs(dir) || name == "" {
			continue
		}
		for _, ext := range extensions(c.Env, name) {
			file := filepath.Join(dir, name+ext)
			if info, err := os.Stat(file); err == nil && !info.IsDir() {
				return file, nil
			}
		}
	}
	return "", &notFoundError{c.Argv[0], "not found in PATH"}
}

// extensions returns what may follow a program's name, "" first when it has one already.
func extensions(env []string, name string) (all []string) {
	if filepath.Ext(name) != "" {
		all = append(all, "")
	}
	list := lookup(env, "PATHEXT")
	if list == "" {
		list = ".com;.exe;.bat;.cmd"
	}
	for ext := range strings.SplitSeq(list, ";") {
		if ext != "" {
			all = append(all, ext)
		}
	}
	return all
}

// lookup returns a variable's value; names are compared as the system does.
func lookup(env []string, key string) (value string) {
	for _, kv := range env {
		if k, v, ok := strings.Cut(kv, "="); ok && strings.EqualFold(k, key) {
			value = v
		}
	}
	return value
}

// executable: what a file's name ends with decides.
func executable(os.FileInfo) bool { return true }
