package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"codeagent.dev/agent/proc"
)

// loginTime bounds the start of a login shell, whose files can do anything.
const loginTime = 5 * time.Second

// pathMark stands around the PATH, because a shell's files may print something, too.
const pathMark = "@agent-path@"

// loginPath is the PATH of the person's login shell, where what npm, brew or asdf
// installed is found. A daemon that a service manager started has another one. It is ""
// when the shell does not tell.
func loginPath(env func(string) string) string {
	shell := env("SHELL")
	if shell == "" || !filepath.IsAbs(shell) {
		return ""
	}
	home := env("HOME")
	if home == "" {
		return ""
	}
	res, err := proc.Run(context.Background(), proc.Cmd{
		Argv: []string{shell, "-l", "-c", `printf '` + pathMark + `%s` + pathMark + `\n' "$PATH"`},
		Dir:  home, Time: loginTime, Output: 64 << 10,
		Env: proc.Env(map[string]string{"HOME": home, "SHELL": shell, "USER": env("USER"), "LOGNAME": env("LOGNAME"), "PATH": env("PATH")}),
	})
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(res.Tail), pathMark)
	path, _, ok := strings.Cut(rest, pathMark)
	if !ok || strings.ContainsAny(path, "\n\x00") {
		return ""
	}
	return path
}

// joinPaths puts lists of directories together, each once.
func joinPaths(lists ...string) string {
	var all []string
	for _, list := range lists {
		for _, dir := range filepath.SplitList(list) {
			if dir != "" && !slices.Contains(all, dir) {
				all = append(all, dir)
			}
		}
	}
	return strings.Join(all, string(os.PathListSeparator))
}
