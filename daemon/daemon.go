// Package daemon is the one process behind every front end: it holds the state
// directory, listens on the socket and the health port, runs the workers, forgets old
// jobs, and stops without losing anything.
package daemon

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
	"codeagent.dev/agent/daemon/gateway"
)

// Worker claims variants and makes them, up to a limit at once. When Run's context
// ends it gives back what it holds, then returns.
type Worker interface {
	Run(ctx context.Context) error
	Busy() (running, limit int)
}

// Parts is what a daemon is assembled of. Only Store is required.
type Parts struct {
	Store   agent.Store                                                        // closed by the daemon, after the workers
	Prepare func(ctx context.Context, spec *agent.Spec) error                  // see gateway.Config
	Makers  func(ctx context.Context, provider string, wake bool) (any, error) // see gateway.Config
	Explain func(jobs ...*agent.Job)                                           // see gateway.Config
	Workers []Worker
	Forget  func(ctx context.Context, job agent.Job) error // lets go of a job's results before the job is removed; may be repeated
	Git     func(ctx context.Context) (string, error)      // version of git
	Close   func() error                                   // the last thing closed
}

// Options says what to run, and where. State, Socket, Open and Log are required.
type Options struct {
	State  string // the state directory; made if it is missing
	Socket string
	Listen string // "127.0.0.1:7717"; empty or "off": no health port
	Build  api.Build

	// Open makes the parts. It is called once the state directory is locked, so that it
	// alone touches what lies there.
	Open func(ctx context.Context) (Parts, error)

	Keep    Keep
	MinDisk int64 // bytes that must be free where State is; 0: not watched
	Log     *slog.Logger

	Signals <-chan os.Signal // nil: the process's interrupt, terminate and hang-up
	Exit    func(code int)   // called by a second signal; nil: os.Exit
}

const (
	lockTime  = 10 * time.Second // a predecessor that stops has let go by then
	drainTime = 30 * time.Second // workers have given back by then
	replyTime = 5 * time.Second  // requests under way are answered by then
)

// daemon is one run.
type daemon struct {
	opt     Options
	parts   Parts
	lock    *api.Lock
	started time.Time
	socket  net.Listener
	tcp     net.Listener // nil: off
	gw      *gateway.Gateway
	git     gitVersion

	ask      chan struct{} // closed: someone wants us to stop
	askOnce  sync.Once
	stopping atomic.Bool
}

// Run is the daemon, until ctx ends, the first signal comes, or a client asks it to
// stop; then it stops accepting, lets the workers give back what they hold, and
// returns nil. A second signal ends the process at once. Errors carry a hint: another
// daemon (WrongState), a taken port (Unavailable), a directory that cannot be used.
func Run(ctx context.Context, opt Options) error {
	d := &daemon{opt: opt, started: time.Now().UTC(), ask: make(chan struct{})}
	if d.opt.Exit == nil {
		d.opt.Exit = os.Exit
	}
	signals := opt.Signals
	if signals == nil {
		own := make(chan os.Signal, 2)
		signal.Notify(own, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		defer signal.Stop(own)
		signals = own
	}
	if err := d.open(ctx); err != nil {
		return err
	}
	err := d.serve(ctx, signals)
	return errors.Join(err, d.close())
}

// open takes the state directory and everything in it.
func (d *daemon) open(ctx context.Context) (err error) {
	if err := api.EnsureDir(d.opt.State); err != nil {
		return err
	}
	if d.lock, err = d.takeLock(ctx); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	if d.tcp, err = listenTCP(d.opt.Listen); err != nil {
		return err
	}
	if err := d.writeRuntime(); err != nil {
		return err
	}
	parts, err := d.opt.Open(ctx)
	if err != nil {
		return err
	}
	d.parts = parts
	d.gw = gateway.New(gateway.Config{
		Jobs: d.parts.Store, Prepare: d.parts.Prepare, Log: d.opt.Log,
		Makers:  d.parts.Makers,
		Explain: d.parts.Explain, Ping: d.ping, Health: d.health, Stop: d.requestStop,
	})
	d.socket, err = api.Listen(d.opt.Socket, func(err error) { d.opt.Log.Warn("a connection was refused", "err", err) })
	return err
}

// close lets go of everything in the reverse order of open, and then tells whoever
// waits for the end.
func (d *daemon) close() error {
	var errs []error
	if d.tcp != nil {
		_ = d.tcp.Close() // its server may have closed it
	}
	if d.parts.Store != nil {
		errs = append(errs, d.parts.Store.Close())
	}
	if d.parts.Close != nil {
		errs = append(errs, d.parts.Close())
	}
	_ = os.Remove(d.runtimeFile()) // for people only
	errs = append(errs, d.lock.Unlock())
	if d.gw != nil {
		d.gw.Close()
		d.gw.Gone()
	}
	return errors.Join(errs...)
}

// requestStop is what a client's shutdown does.
func (d *daemon) requestStop(ifIdle bool) error {
	if running, _ := d.busy(); ifIdle && running > 0 && !d.stopping.Load() {
		return agent.Errorf(agent.WrongState, "the daemon is busy: %d running", running).WithHint("agent wait, or agent daemon stop")
	}
	d.askOnce.Do(func() { close(d.ask) })
	return nil
}

func (d *daemon) busy() (running, limit int) {
	for _, w := range d.parts.Workers {
		r, l := w.Busy()
		running, limit = running+r, limit+l
	}
	return running, limit
}

func (d *daemon) ping() api.Ping {
	running, _ := d.busy()
	return api.Ping{
		Name: api.Name, Protocol: api.Speaks(), Build: d.opt.Build, PID: os.Getpid(), Started: d.started,
		State: d.opt.State, Listen: d.address(), Busy: running > 0, Stopping: d.stopping.Load(),
	}
}

// address is that of the health port, "" when it is off.
func (d *daemon) address() string {
	if d.tcp == nil {
		return ""
	}
	return d.tcp.Addr().String()
}

func (d *daemon) runtimeFile() string { return filepath.Join(d.opt.State, "daemon.json") }
