package main

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"codeagent.dev/agent"
)

// edited lets a person edit a text in their editor and returns it. name ends as editors
// know the kind of file by. What was written is kept in a file when the editor fails.
func (a *app) edited(ctx context.Context, name, text string) (string, error) {
	if !isTerminal(a.in) {
		return "", agent.Errorf(agent.Invalid, "there is no terminal for an editor").
			WithHint("give the text as an argument, or - and pipe it in")
	}
	dir, err := os.MkdirTemp("", "agent-edit-")
	if err != nil {
		return "", agent.Errorf(agent.Internal, "no place for what you write: %w", err)
	}
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return "", agent.Errorf(agent.Internal, "no place for what you write: %w", err)
	}
	if err := a.runEditor(ctx, file); err != nil {
		return "", err // the file stays: something may have been written
	}
	got, err := os.ReadFile(file)
	if err != nil {
		return "", agent.Errorf(agent.Internal, "what you wrote cannot be read: %w", err)
	}
	return string(got), errors.Join(os.Remove(file), os.Remove(dir))
}

// runEditor runs the editor as git finds it, through a shell, because people set
// commands with arguments.
func (a *app) runEditor(ctx context.Context, file string) error {
	editor := a.editor(ctx)
	cmd := a.editorAs(editor, file)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.in, a.out, a.err
	if w, ok := a.out.(*dataWriter); ok {
		cmd.Stdout = w.to
	}
	if err := cmd.Run(); err != nil {
		return agent.Errorf(agent.Invalid, "the editor %q ended badly (%w); what you wrote is in %s", editor, err, file).
			WithHint("choose another: EDITOR=nano agent …")
	}
	return nil
}

func (a *app) editor(ctx context.Context) string {
	editor := cmp.Or(a.env("AGENT_EDITOR"), a.env("VISUAL"), a.env("EDITOR"))
	if editor == "" {
		editor, _ = a.git(ctx, "var", "GIT_EDITOR")
	}
	return cmp.Or(editor, "vi")
}

// editorCommand is the editor as it is to be run for a file.
func (a *app) editorCommand(file string) *exec.Cmd {
	return a.editorAs(a.editor(context.Background()), file)
}

func (a *app) editorAs(editor, file string) *exec.Cmd {
	cmd := exec.Command(shell(), "-c", editor+` "$@"`, editor, file)
	if runtime.GOOS == "windows" {
		words := strings.Fields(editor)
		cmd = exec.Command(words[0], append(words[1:], file)...)
	}
	cmd.Env = a.environ
	return cmd
}

const scissors = "# ------ everything below this line is left out ------"

// words lets a person write what is asked for.
func (a *app) words(ctx context.Context) (string, error) {
	text, err := a.edited(ctx, "CHANGE.md", "\n"+scissors+`
# Say what should be changed, above that line. Save and leave the editor to ask for it;
# leave it empty to ask for nothing.
`)
	if err != nil {
		return "", err
	}
	text, _, _ = strings.Cut(text, scissors)
	if text = strings.TrimSpace(text); text == "" {
		return "", agent.Errorf(agent.Invalid, "nothing was written, so nothing is asked for")
	}
	return text, nil
}
