package proc

import (
	"maps"
	"runtime"
	"slices"
	"strings"
)

// closed are the variables that keep a command from waiting for a person, or from asking
// for more jobs. They win over what was asked for: there is no terminal to answer from.
var closed = map[string]string{
	"GIT_TERMINAL_PROMPT": "0",
	"GIT_EDITOR":          ":",
	"GIT_SEQUENCE_EDITOR": ":",
	"EDITOR":              ":",
	"VISUAL":              ":",
	"GIT_PAGER":           "cat",
	"PAGER":               "cat",
	"AGENT_JOB":           "1", // git hooks of ours are silent where it is set: what a job commits makes no jobs
}

// usual are the variables a command gets unless others were asked for.
var usual = map[string]string{"CI": "1", "TERM": "dumb"}

// gitLocal are what `git rev-parse --local-env-vars` lists: a git hook exports them, and
// a command that inherited them would work on that hook's repository, not on its own
// directory.
var gitLocal = strings.Fields(`GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_COMMON_DIR GIT_CONFIG
	GIT_CONFIG_COUNT GIT_CONFIG_PARAMETERS GIT_DIR GIT_GRAFT_FILE GIT_IMPLICIT_WORK_TREE
	GIT_INDEX_FILE GIT_INTERNAL_SUPER_PREFIX GIT_NO_REPLACE_OBJECTS GIT_OBJECT_DIRECTORY
	GIT_PREFIX GIT_QUARANTINE_PATH GIT_REPLACE_REF_BASE GIT_SHALLOW_FILE GIT_WORK_TREE`)

// Env makes the whole environment of a command: what was asked for (Spec.Env), without
// what would lead git astray, with CI=1, prompts, editors and pagers closed, and a PATH.
// Then come more, "KEY=value", which win. Nothing is inherited from this process. The
// result is sorted and names no variable twice.
func Env(asked map[string]string, more ...string) []string {
	env := map[string]string{}
	names := map[string]string{} // by folded name, because Windows has Path and PATH
	set := func(key, value string) {
		if key == "" || strings.ContainsAny(key, "=\x00") || strings.ContainsRune(value, 0) {
			return // no system can hold it
		}
		delete(env, names[fold(key)])
		names[fold(key)] = key
		env[key] = value
	}
	for _, from := range []map[string]string{usual, {"PATH": usualPath()}, asked, closed} {
		for _, k := range slices.Sorted(maps.Keys(from)) {
			if !slices.Contains(gitLocal, fold(k)) && !(fold(k) == "PATH" && from[k] == "") {
				set(k, from[k])
			}
		}
	}
	for _, kv := range more {
		k, v, _ := strings.Cut(kv, "=")
		set(k, v)
	}
	list := make([]string, 0, len(env))
	for _, k := range slices.Sorted(maps.Keys(env)) {
		list = append(list, k+"="+env[k])
	}
	return list
}

func fold(key string) string {
	if runtime.GOOS == "windows" {
		return strings.ToUpper(key)
	}
	return key
}

// usualPath is where programs are when the submitter did not say.
func usualPath() string {
	switch runtime.GOOS {
	case "windows":
		return `C:\Windows\System32;C:\Windows;C:\Windows\System32\WindowsPowerShell\v1.0;C:\Program Files\Git\cmd`
	case "darwin":
		return "/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
	}
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
}
