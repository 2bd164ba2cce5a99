package coder

import (
	"os"
	"strings"
)

// The placeholders of Agent.Argv.
const (
	promptMark = "{prompt}"
	fileMark   = "{prompt-file}"
	modelMark  = "{model}"
)

// maxArg is what an argument can hold on Linux, its NUL included: MAX_ARG_STRLEN.
const maxArg = 128 << 10

// argv fills in the arguments. Of the task's words nothing is searched for placeholders.
// file is called for the path of a file with the task, at most once; said reports
// whether an argument names the task.
func (a Agent) argv(prompt string, file func() (string, error)) (argv []string, said bool, err error) {
	path := ""
	for _, arg := range a.Argv {
		if strings.Contains(arg, modelMark) && a.Model == "" {
			last := len(argv) - 1
			if arg == modelMark && last > 0 && strings.HasPrefix(argv[last], "-") {
				argv = argv[:last]
			}
			continue
		}
		if strings.Contains(arg, fileMark) && path == "" {
			if path, err = file(); err != nil {
				return nil, false, err
			}
		}
		said = said || strings.Contains(arg, promptMark) || strings.Contains(arg, fileMark)
		arg = strings.NewReplacer(promptMark, prompt, fileMark, path, modelMark, a.Model).Replace(arg)
		if len(arg) >= maxArg {
			return nil, false, &Error{Reason: Failed, Message: "the task is too long for an argument",
				Hint: "give the agent {prompt-file} in place of {prompt}"}
		}
		argv = append(argv, arg)
	}
	return argv, said, nil
}

// names reports whether an argument has a placeholder.
func (a Agent) names(mark string) bool {
	for _, arg := range a.Argv {
		if strings.Contains(arg, mark) {
			return true
		}
	}
	return false
}

// writePrompt puts a task into a file that only this user can read.
func writePrompt(prompt string) (string, error) {
	f, err := os.CreateTemp("", "agent-task-*.md")
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(prompt)
	if err2 := f.Close(); err == nil {
		err = err2
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}
