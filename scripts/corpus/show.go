package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"codeagent.dev/agent/patch"
	"codeagent.dev/agent/patch/batch"
)

func milli(d time.Duration) string {
	return fmt.Sprintf("%.3f ms", float64(d)/float64(time.Millisecond))
}

// wanted are the outcomes that a -list asks for.
func wanted(outcomes []*outcome, list string) ([]*outcome, error) {
	pick := map[string]func(*outcome) bool{
		"wrong":   func(o *outcome) bool { return o.verdict == wrong },
		"refused": func(o *outcome) bool { return o.verdict == refused && !o.good() },
		"ws":      func(o *outcome) bool { return o.verdict == blanks },
		"noop":    func(o *outcome) bool { return o.verdict == noop },
		"bad":     func(o *outcome) bool { return o.verdict == bad },
		"all":     func(o *outcome) bool { return !o.good() },
	}[list]
	if pick == nil {
		return nil, fmt.Errorf("-list takes wrong, refused, ws, noop, bad or all, not %q", list)
	}
	return slices.DeleteFunc(slices.Clone(outcomes), func(o *outcome) bool { return !pick(o) }), nil
}

// line is an outcome in one line: what can be grepped and given to -show.
func (o *outcome) line() string {
	text := fmt.Sprintf("%-8s %s %s", o.verdict, o.id, o.format)
	if len(o.kinds) > 0 {
		text += " " + strings.Join(o.kinds, "+")
	}
	if o.policy != "" {
		text += " (policy " + o.policy + ")"
	}
	if o.err != nil {
		text += "  " + o.reason() + ": " + o.err.Error()
	}
	return text
}

// show writes everything about one outcome.
func show(w io.Writer, o *outcome) error {
	fmt.Fprintf(w, "%s\n", o.line())
	if o.note != "" {
		fmt.Fprintf(w, "note: %s\n", o.note)
	}
	expect := "be applied"
	switch {
	case o.refuse:
		expect = "be refused"
	case o.mayRefuse:
		expect = "be applied rightly, or be refused"
	}
	fmt.Fprintf(w, "it must %s; it took %s\n", expect, milli(o.took))
	if o.options.Target != "" {
		fmt.Fprintf(w, "target: %s\n", o.options.Target)
	}
	if opt, err := o.options.Patch(); err == nil && opt.Strict != nil {
		fmt.Fprintf(w, "strict: %+v reverse: %v\n", *opt.Strict, opt.Reverse)
	}
	fmt.Fprintf(w, "\n--- the patch\n%s", ended(o.text))
	for _, f := range o.result.Files {
		fmt.Fprintf(w, "--- the library did: %+v\n", f)
	}
	if e, ok := errors.AsType[*patch.Error](o.err); ok {
		fmt.Fprintf(w, "--- the library says\n%s", e.Report())
	}
	if o.refuse && o.err != nil {
		return nil
	}
	// After a refusal the difference to the file before says what was asked for.
	what, from := "from what is right to what it made", o.after
	if o.err != nil || o.refuse {
		what, from = "from the files before to what is right", o.before
	}
	to := o.got
	if o.err != nil {
		to = o.after
	}
	fmt.Fprintf(w, "\n--- %s\n", what)
	return diff(w, from, to)
}

func ended(text []byte) []byte {
	if bytes.HasSuffix(text, []byte("\n")) {
		return text
	}
	return append(slices.Clone(text), "\n(no newline)\n"...)
}

// diff writes how two trees differ, as git shows it.
func diff(w io.Writer, a, b batch.Tree) error {
	dir, err := os.MkdirTemp("", "corpus-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for side, tree := range map[string]batch.Tree{"a": a, "b": b} {
		if err := lay(filepath.Join(dir, side), tree); err != nil {
			return err
		}
	}
	cmd := exec.Command("git", "diff", "--no-index", "--no-color", "--no-ext-diff", "--no-prefix", "a", "b")
	cmd.Dir = dir
	out, err := cmd.Output()
	if status, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || status.ExitCode() != 1) {
		return fmt.Errorf("git diff: %w", err)
	}
	if len(out) == 0 {
		out = []byte("no difference\n")
	}
	_, err = w.Write(out)
	return err
}

// lay makes a directory that holds the tree.
func lay(dir string, tree batch.Tree) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir) // whatever the paths are, they stay in it
	if err != nil {
		return err
	}
	defer root.Close()
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
			return err
		}
		f := tree[name]
		switch f.Mode {
		case patch.ModeLink:
			err = root.Symlink(string(f.Data), name)
		case patch.ModeExec:
			err = root.WriteFile(name, f.Data, 0o755)
		default:
			err = root.WriteFile(name, f.Data, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
