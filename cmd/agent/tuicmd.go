package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
	"codeagent.dev/agent/client"
	"codeagent.dev/agent/tui/monitor"
)

func newTUICmd(a *app) *cobra.Command {
	return exits(&cobra.Command{
		Use:   "tui",
		Short: "Watch and steer everything on one screen",
		Long: `Watch and steer the queue on one screen that can stay open all day: jobs and why they
wait, variants side by side, diffs, logs and checks, and a key for everything that can be
done with them. "?" lists the keys. A bare "agent" on a terminal does the same.`,
		Example: "  agent tui",
		Args:    args(0, 0, ""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runTUI(cmd.Context(), a) },
	}, talking)
}

// interactive reports whether a person sits at both ends.
func (a *app) interactive() bool {
	return isTerminal(a.in) && isTerminal(a.out) && a.env("TERM") != "dumb"
}

func runTUI(ctx context.Context, a *app) error {
	if !isTerminal(a.in) || !isTerminal(a.out) {
		return agent.Errorf(agent.Invalid, "the monitor needs a terminal").WithHint("agent status, or agent list --json")
	}
	jobs, err := a.jobs(ctx)
	if err != nil {
		return err
	}
	if c, ok := jobs.(*client.Client); ok {
		jobs = brittle{c}
	}
	m := &monitored{app: a, jobs: jobs}
	return monitor.Run(ctx, monitor.Config{
		Jobs: jobs, Health: m.health, By: a.user(), In: a.in, Out: a.out, Env: a.environ, Now: a.now,
		NoColor: !a.style().Color,
		Act: monitor.Actions{
			Apply: m.apply, Branch: m.branch, Undo: m.undo, Open: m.open, Diff: m.diff, Between: m.between, NewJob: m.newJob,
			Editor: a.editorCommand,
		},
	})
}

// brittle lets the monitor say at once that the daemon is gone, and not only when it
// stays away.
type brittle struct{ *client.Client }

// Watch implements agent.Jobs.
func (b brittle) Watch(ctx context.Context) iter.Seq2[agent.ID, error] { return b.WatchOnce(ctx) }

// monitored is what the monitor can have done: what the commands do, with their words
// caught. The monitor acts side by side, and an app is for one command at a time.
type monitored struct {
	app  *app
	jobs agent.Jobs
	mu   sync.Mutex
}

// run does what a command does, and returns the first line of what it would print.
func (m *monitored) run(do func(a *app) error) (string, error) {
	text, err := m.output(do)
	line, _, _ := strings.Cut(text, "\n")
	return line, err
}

func (m *monitored) output(do func(a *app) error) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out bytes.Buffer
	a := *m.app
	a.out, a.err, a.in, a.quiet = &out, io.Discard, strings.NewReader(""), true
	a.jobs = func(context.Context) (agent.Jobs, error) { return m.jobs, nil }
	err := do(&a)
	m.app.settings, m.app.closers = a.settings, a.closers // what it opened is used again
	return out.String(), err
}

func (m *monitored) apply(ctx context.Context, ref agent.Ref) (string, error) {
	return m.run(func(a *app) error { return runApply(ctx, &applyOptions{app: a, ref: ref}) })
}

func (m *monitored) branch(ctx context.Context, ref agent.Ref, name string) (string, error) {
	return m.run(func(a *app) error { return runBranch(ctx, &branchOptions{app: a, ref: ref, name: name}) })
}

func (m *monitored) undo(ctx context.Context, ref agent.Ref) (string, error) {
	return m.run(func(a *app) error { return runUndo(ctx, &undoOptions{app: a, id: ref.Job}) })
}

func (m *monitored) diff(ctx context.Context, ref agent.Ref) (string, error) {
	return m.output(func(a *app) error {
		r, err := a.openResult(ctx, m.jobs, ref)
		if err != nil {
			return err
		}
		return r.repo.Diff(ctx, r.job.From(), r.variant.Commit, a.out)
	})
}

func (m *monitored) between(ctx context.Context, job agent.ID, from, to int) (string, error) {
	return m.output(func(a *app) error {
		first, err := a.openResult(ctx, m.jobs, agent.Ref{Job: job, Variant: from})
		if err != nil {
			return err
		}
		second, err := a.openResult(ctx, m.jobs, agent.Ref{Job: job, Variant: to})
		if err != nil {
			return err
		}
		return first.repo.Diff(ctx, first.variant.Commit, second.variant.Commit, a.out)
	})
}

// open shows the difference with the program that the desktop has for it.
func (m *monitored) open(ctx context.Context, ref agent.Ref) (string, error) {
	text, err := m.diff(ctx, ref)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "agent-diff-") // of our own: names in a shared directory can be others' links
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, fmt.Sprintf("%s-%d.diff", ref.Job, ref.Variant))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return "", err
	}
	argv := map[string][]string{"darwin": {"open"}, "windows": {"rundll32", "url.dll,FileProtocolHandler"}}[runtime.GOOS]
	if argv == nil {
		if m.app.env("DISPLAY") == "" && m.app.env("WAYLAND_DISPLAY") == "" {
			return "", agent.Errorf(agent.Unavailable, "there is no desktop here; the diff is in %s", file)
		}
		argv = []string{"xdg-open"}
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), argv[0], append(argv[1:], file)...)
	cmd.Env = m.app.environ
	if err := cmd.Start(); err != nil {
		return "", agent.Errorf(agent.Unavailable, "%s cannot be started (%w); the diff is in %s", argv[0], err, file)
	}
	go cmd.Wait() // nobody has to know how it ended
	return "opened " + file, nil
}

func (m *monitored) newJob(ctx context.Context, d monitor.Draft) (job agent.Job, err error) {
	_, err = m.run(func(a *app) error {
		a.settings.config = nil // the monitor stays open for longer than settings stay the same
		if d.Repo != "" {
			a.dir = d.Repo
		}
		o := &patchOptions{
			app: a, kind: d.Kind, variants: d.Variants, tries: d.Tries, base: cmp.Or(d.Base, "HEAD"), makers: d.Makers,
			place: place{priority: d.Priority, group: d.Group, labels: d.Labels, after: d.After, hold: d.Hold},
		}
		if _, err := parseAge(strings.TrimPrefix(d.Begin, "+")); err == nil {
			o.place.delay = d.Begin
		} else {
			o.place.at = d.Begin
		}
		dir, err := a.workDir()
		if err != nil {
			return err
		}
		spec, err := o.frame(dir)
		if err != nil {
			return err
		}
		spec.Text, spec.Origin.Via = d.Text, "tui"
		job, err = m.jobs.Submit(ctx, spec)
		return err
	})
	return job, err
}

// health is asked for rarely; what the daemon does not answer is left out.
func (m *monitored) health(ctx context.Context) (monitor.Health, error) {
	asked, ok := m.jobs.(interface {
		Health(context.Context) (api.Health, error)
	})
	if !ok {
		return monitor.Health{}, nil
	}
	h, err := asked.Health(ctx)
	if err != nil {
		return monitor.Health{}, err
	}
	got := monitor.Health{
		Daemon: h.Build.Version + " pid " + strconv.Itoa(h.PID), Busy: h.Workers.Running, Workers: h.Workers.Limit,
		DiskFree: int64(h.Disk.Free), DiskMin: int64(h.Disk.Min),
	}
	_, err = m.run(func(a *app) error {
		records, _ := (&statusOptions{app: a}).makerRecords() // what is not known is left out
		for _, r := range records {
			if r.Until.After(a.now()) {
				got.Cooldowns = append(got.Cooldowns, monitor.Cooldown{Maker: r.Name, Until: r.Until})
			}
		}
		return nil
	})
	return got, err
}
