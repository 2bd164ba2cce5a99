package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"codeagent.dev/agent"
)

// demoFiles is the repository of the demo, and what is asked of it.
//
//go:embed demo
var demoFiles embed.FS

// demoNotes has the blanks at line ends that a job is to remove; an editor would
// take them from a file of ours.
const demoNotes = "# Notes   \n\nTitles come from people. \nAddresses go to machines.\t\n"

const demoPatience = 10 * time.Second

// makeRepo makes the repository with its failing test.
func (d *demo) makeRepo(ctx context.Context) error {
	tree, err := fs.Sub(demoFiles, "demo")
	if err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(d.home, "files"), tree); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(d.home, "files", "repo"), d.repo); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(d.repo, "agent.yaml"), filepath.Join(d.repo, ".agent.yaml")); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(d.repo, "NOTES.md"), []byte(demoNotes), 0o644); err != nil {
		return err
	}
	for _, argv := range [][]string{
		{"init", "-q"}, {"config", "user.name", "Ada Demo"}, {"config", "user.email", "ada@example.org"},
		{"config", "core.autocrlf", "false"}, {"add", "-A"}, {"commit", "-q", "-m", "slug: titles as addresses"},
	} {
		if err := d.exec(ctx, d.err, "git", argv...); err != nil {
			return fmt.Errorf("git %s: %w", argv[0], err)
		}
	}
	return nil
}

// startDaemon runs a daemon in the sandbox, as a child that ends when we do: it
// watches its stdin. The function it returns ends it.
func (d *demo) startDaemon(ctx context.Context) (stop func() error, err error) {
	cmd := exec.Command(d.self, "daemon", "run", "--until-eof")
	cmd.Dir, cmd.Env, cmd.SysProcAttr = d.home, d.env, detached()
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	lifeline, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	gone := make(chan error, 1)
	go func() { gone <- cmd.Wait() }()
	stop = func() error {
		lifeline.Close()
		select {
		case err := <-gone:
			return err
		case <-time.After(demoPatience):
			cmd.Process.Kill()
			return fmt.Errorf("the demo's daemon did not stop within %s and was killed: %w", demoPatience, <-gone)
		}
	}
	for end := time.Now().Add(demoPatience); ; {
		if d.answers(ctx) {
			return stop, nil
		}
		select {
		case err := <-gone:
			return nil, agent.Errorf(agent.Unavailable, "the demo's daemon ended at once (%v): %s", err, said.String())
		case <-ctx.Done():
			return nil, withStop(errInterrupted, stop)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(end) {
			return nil, withStop(agent.Errorf(agent.Unavailable, "the demo's daemon does not answer: %s", said.String()), stop)
		}
	}
}

// answers reports whether the sandbox's daemon does.
func (d *demo) answers(ctx context.Context) bool {
	cmd := exec.CommandContext(ctx, d.self, "--no-start", "daemon", "status")
	cmd.Dir, cmd.Env = d.repo, d.env
	return cmd.Run() == nil
}

func withStop(err error, stop func() error) error {
	if stopErr := stop(); stopErr != nil {
		return fmt.Errorf("%w; %w", err, stopErr)
	}
	return err
}

// variantRef is how a shell command names its variant.
func variantRef() string {
	if runtime.GOOS == "windows" {
		return "%AGENT_VARIANT%"
	}
	return "$AGENT_VARIANT"
}

// demoJobs are what is asked for, and the verdicts that must come of it.
func (d *demo) demoJobs() []struct {
	name string
	args []string
	want agent.Verdict
} {
	return []struct {
		name string
		args []string
		want agent.Verdict
	}{
		{"tidy", []string{"--run", "sh tidy.sh", "-c", "sh tidy.sh --check"}, agent.Verified},
		{"fix", []string{"--diff", "../files/fix.patch"}, agent.Verified},
		{"ideas", []string{"--run", "sh ideas/" + variantRef() + ".sh", "-n", "3"}, agent.Verified},
		{"stale", []string{"--diff", "../files/stale.patch"}, agent.Conflict},
		{"readme", []string{"write a README", "--maker", "scripted:../files/answers.txtar", "--no-checks"}, agent.Unverified},
	}
}

// story is what the demo shows. Every command is run as printed.
func (d *demo) story(ctx context.Context) error {
	d.tell("everything happens in %s\n", d.home)
	d.step("A small repository, and its test fails")
	if d.test(ctx) == nil {
		return fmt.Errorf("the demo's test passes before anything was done")
	}
	d.step("Five jobs, handed over at once: a command, a ready diff, three variants, a diff that is out of date, words")
	jobs := d.demoJobs()
	var ids []string
	for _, j := range jobs {
		id, err := d.submit(ctx, j.args)
		if err != nil {
			return err
		}
		d.ids[j.name] = id
		ids = append(ids, id)
	}
	d.step("Followed live; the working tree is not touched")
	if err := d.do(ctx, append([]string{"wait", "--follow", "-q"}, ids...)...); ctx.Err() != nil || err == nil {
		return fmt.Errorf("waiting for the demo's jobs ended too soon: %w", context.Cause(ctx))
	}
	for _, j := range jobs {
		if err := d.verdict(ctx, d.ids[j.name], j.want); err != nil {
			return err
		}
	}
	return d.take(ctx)
}

// take picks and applies the best idea.
func (d *demo) take(ctx context.Context) error {
	ideas := d.ids["ideas"]
	best := ideas + "/2"
	d.step("The best of the three ideas: it fixes the test with the smallest change")
	if err := d.do(ctx, "show", best); err != nil {
		return err
	}
	if err := d.do(ctx, "-q", "diff", best); err != nil {
		return err
	}
	d.step("Picked and applied; now the test passes in the working tree, too")
	for _, args := range [][]string{{"pick", best}, {"apply", ideas}} {
		if err := d.do(ctx, args...); err != nil {
			return err
		}
	}
	if err := d.test(ctx); err != nil {
		return fmt.Errorf("the test fails although %s was verified: %w", best, err)
	}
	d.step("Try next, in a repository of yours")
	d.tell(`  agent init                                      find its checks, write .agent.yaml
  agent patch --run 'gofmt -s -w .' -F            ask for a change and watch it
  git diff HEAD | agent patch --diff - -w         have your own change proved
  agent models; agent patch "what to change" -w   who could make it from words; ask them
  agent show ID; agent apply ID; agent undo ID    look, take, take back
`)
	return nil
}

// test runs the repository's test in the working tree.
func (d *demo) test(ctx context.Context) error {
	d.tell("%s\n", d.style().Dim("$ sh test.sh"))
	return d.exec(ctx, d.show, "sh", "test.sh")
}

func (d *demo) submit(ctx context.Context, args []string) (id string, err error) {
	args = append([]string{"patch", "--print-id"}, args...)
	d.tell("%s\n", d.style().Dim("$ agent "+quoted(args)))
	var out bytes.Buffer
	if err := d.run(ctx, &out, args...); err != nil {
		return "", err
	}
	d.tell("%s", out.String())
	return strings.TrimSpace(out.String()), nil
}

// verdict makes sure that a job ended as the story tells.
func (d *demo) verdict(ctx context.Context, id string, want agent.Verdict) error {
	var out bytes.Buffer
	if err := d.run(ctx, &out, "show", "--json", id); err != nil {
		return err
	}
	var doc jobDoc
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		return err
	}
	if doc.Job.Verdict != want {
		return fmt.Errorf("job %s of the demo is %s (%s), not %s", id, doc.Job.Verdict, doc.Job.Reason, want)
	}
	return nil
}
