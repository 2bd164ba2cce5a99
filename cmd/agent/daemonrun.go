package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/brief"
	"codeagent.dev/agent/config"
	"codeagent.dev/agent/daemon"
	"codeagent.dev/agent/daemon/worker"
	"codeagent.dev/agent/maker"
	"codeagent.dev/agent/store"
)

func newDaemonRunCmd(a *app) *cobra.Command {
	var untilEOF bool
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Be the daemon, in the foreground",
		Long: `Be the daemon, in the foreground: for a service manager, or to see what it says. It logs
to its file, and to a terminal as well.

The first interrupt lets it give back what it works on and end; a second one ends it at
once.`,
		Example: "  agent daemon run\n  AGENT_LOG_LEVEL=debug agent daemon run",
		Args:    args(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			// The daemon drains by itself on a signal; our own context must not cut that short.
			ctx := context.WithoutCancel(cmd.Context())
			if untilEOF {
				var stop context.CancelFunc
				ctx, stop = context.WithCancel(ctx)
				defer stop()
				go func() {
					_, _ = io.Copy(io.Discard, a.in) // an error ends it as well
					stop()
				}()
			}
			return runDaemon(ctx, a)
		},
	}
	cmd.Flags().BoolVar(&untilEOF, "until-eof", false, "end when stdin does: with the process that holds it")
	return exits(cmd)
}

func runDaemon(ctx context.Context, a *app) error {
	paths, err := a.paths()
	if err != nil {
		return err
	}
	socket, err := paths.Socket()
	if err != nil {
		return err
	}
	conf, err := a.config()
	if err != nil {
		return err
	}
	level := &slog.LevelVar{}
	level.Set(conf.LogLevel)
	opt := daemon.LogOptions{Path: paths.Log(), Level: level}
	if isTerminal(a.err) {
		opt.Copy = a.err
	}
	log, file, err := daemon.OpenLog(opt)
	if err != nil {
		return err
	}
	a.closers = append(a.closers, file.Close)
	return daemon.Run(ctx, daemon.Options{
		State: paths.State, Socket: socket, Listen: conf.Listen, Build: thisBuild(), Log: log,
		Keep: daemon.Keep{Age: conf.KeepAge, Bytes: conf.KeepBytes}, MinDisk: conf.MinDisk,
		Open: func(ctx context.Context) (daemon.Parts, error) { return a.parts(ctx, paths, conf, log, level) },
	})
}

// parts makes what a daemon is assembled of. The state directory is locked by then.
func (a *app) parts(ctx context.Context, paths config.Paths, conf *config.Config, log *slog.Logger, level *slog.LevelVar) (daemon.Parts, error) {
	queue, err := store.Open(ctx, paths.Database(), store.Options{MaxClaims: conf.MaxClaims})
	if err != nil {
		return daemon.Parts{}, err
	}
	set := newRepos(paths, conf)
	makers, err := a.makers(conf, paths.Makers())
	if err != nil {
		return daemon.Parts{}, errors.Join(err, queue.Close())
	}
	room := func() error { return daemon.Room(paths.State, conf.MinDisk) }
	prepare := &preparer{repos: set, makers: makers}
	prepare.config.Store(conf)
	work := worker.New(worker.Config{
		Queue: queue, Repos: set, Makers: makers, Cache: brief.NewCache(briefCache), Baseline: paths.Baseline(), Slots: conf.Workers, Checks: conf.ParallelChecks,
		Lease: conf.Lease, Limits: conf.Limits, Log: log,
		Room: room,
	})
	watched := newWatchers(preparedJobs{queue, prepare.prepare}, set, a, conf, log)
	live := a.reloader(paths, conf, log, func(conf *config.Config, c maker.Config) {
		makers.Configure(c)
		prepare.config.Store(conf)
		level.Set(conf.LogLevel)
		work.Resize(conf.Workers)
		watched.use(conf)
	})
	told, err := a.notifier(queue, paths, conf, log)
	if err != nil { // the queue matters more than the telling
		log.Warn("one way to tell you cannot be used", "err", err, "hint", agent.HintOf(err))
	}
	return daemon.Parts{
		Store:   queue,
		Prepare: prepare.prepare,
		Makers: func(ctx context.Context, provider string, wake bool) (any, error) {
			return makers.Report(ctx, provider, wake)
		},
		Explain: explainer(makers, room),
		Workers: []daemon.Worker{work, watched, live, told, a.hookTaker(paths, set, prepare, queue, log)},
		Forget:  set.Forget,
		Git:     installedGit,
		Close: func() error {
			makers.Close()
			return set.Close()
		},
	}, nil
}

// reloader has use take up the settings whenever they change and are right.
func (a *app) reloader(paths config.Paths, conf *config.Config, log *slog.Logger, use func(*config.Config, maker.Config)) *reloader {
	return &reloader{
		dirs: []string{paths.Config, paths.System}, log: log, now: conf,
		load: func() (*config.Config, error) { return a.machine().Load(config.Sources{Paths: paths}) },
		use: func(conf *config.Config) error {
			c, err := a.makerConfig(conf, true)
			if err == nil {
				use(conf, c)
			}
			return err
		},
	}
}

// explainer says why jobs wait that the store would let begin: this machine lacks room,
// or their makers cannot be asked.
func explainer(makers *maker.Set, room func() error) func(jobs ...*agent.Job) {
	return func(jobs ...*agent.Job) {
		var lacks error
		looked := false
		for _, job := range jobs {
			if w := job.Waiting; w == nil || w.For != agent.WaitWorker && w.For != agent.WaitParallel {
				continue
			}
			if !looked {
				lacks, looked = room(), true
			}
			if lacks != nil {
				job.Waiting = &agent.Waiting{For: agent.WaitRoom, Why: lacks.Error()}
			} else if job.Spec.Kind == agent.Prompt {
				if w := makers.Blocks(job.Spec.Makers); w != nil {
					job.Waiting = w
				}
			}
		}
	}
}

const briefCache = 64 << 20 // bytes of what is known of files

// installedGit is the version of the git on PATH.
func installedGit(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "git", "version").Output()
	if err != nil {
		return "", agent.Errorf(agent.Unavailable, "git is not installed, or not on PATH: %w", err).WithHint("install git 2.30 or newer")
	}
	return strings.TrimSpace(strings.TrimPrefix(string(out), "git version ")), nil
}
