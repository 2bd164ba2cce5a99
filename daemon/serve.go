package daemon

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/daemon/gateway"
)

// serve runs all parts until it is time to stop, and stops them.
func (d *daemon) serve(ctx context.Context, signals <-chan os.Signal) error {
	log := d.opt.Log
	failed := make(chan error, 2+len(d.parts.Workers))
	local := gateway.NewServer(d.gw, log)
	probes := gateway.NewServer(d.gw.Health(), log)
	var servers sync.WaitGroup
	listen := func(s *gateway.Server, l net.Listener) {
		servers.Go(func() {
			if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				failed <- agent.Errorf(agent.Internal, "serve on %s: %w", l.Addr(), err)
			}
		})
	}
	listen(local, d.socket)
	if d.tcp != nil {
		listen(probes, d.tcp)
	}
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	worked := d.startWork(work, failed)

	log.Info("the daemon is ready", "version", d.opt.Build.Version, "pid", os.Getpid(), "socket", d.opt.Socket, "listen", d.address())
	heard, err := d.wait(ctx, signals, failed)
	d.stopping.Store(true)
	over := make(chan struct{})
	defer close(over)
	go d.cutOff(signals, heard, over)

	d.stopServer(local)
	stopWork()
	select {
	case <-worked:
	case <-time.After(drainTime):
		err = errors.Join(err, agent.Errorf(agent.Internal, "the workers did not stop within %s; what they ran starts again later", drainTime))
	}
	d.stopServer(probes)
	servers.Wait()
	log.Info("the daemon has stopped", "ran", time.Since(d.started).Round(time.Second))
	return err
}

// startWork starts the workers and the janitor. The channel is closed when all ended.
func (d *daemon) startWork(ctx context.Context, failed chan<- error) <-chan struct{} {
	var group sync.WaitGroup
	for i, w := range d.parts.Workers {
		group.Go(func() {
			if err := w.Run(ctx); ctx.Err() == nil {
				failed <- agent.Errorf(agent.Internal, "worker %d ended: %w", i+1, cmp.Or(err, errNoReason))
			} else if err != nil && !errors.Is(err, context.Canceled) {
				d.opt.Log.Warn("a worker did not stop cleanly", "worker", i+1, "err", err)
			}
		})
	}
	group.Go(func() { d.sweepHourly(ctx) })
	done := make(chan struct{})
	go func() {
		group.Wait()
		close(done)
	}()
	return done
}

var errNoReason = errors.New("without a reason")

// wait returns when it is time to stop: the signals it heard, and an error if stopping
// is nobody's wish.
func (d *daemon) wait(ctx context.Context, signals <-chan os.Signal, failed <-chan error) (heard int, err error) {
	select {
	case <-ctx.Done():
		d.opt.Log.Info("stopping", "why", "the context ended")
	case s := <-signals:
		d.opt.Log.Info("stopping; a second signal stops at once", "why", s.String())
		return 1, nil
	case <-d.ask:
		d.opt.Log.Info("stopping", "why", "a client asked")
	case err := <-failed:
		return 0, err
	}
	return 0, nil
}

// cutOff ends the process on the second signal, with what a shell expects of ^C. The
// first is counted even when something else was the reason to stop: the caller's
// context may have ended by that very signal.
func (d *daemon) cutOff(signals <-chan os.Signal, heard int, over <-chan struct{}) {
	for ; ; heard++ {
		select {
		case s := <-signals:
			if heard > 0 {
				d.opt.Log.Warn("cut off; what was running starts again later", "why", s.String())
				d.opt.Exit(130)
				return
			}
		case <-over:
			return
		}
	}
}

// stopServer stops accepting, ends streams, and lets requests under way finish.
func (d *daemon) stopServer(s *gateway.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), replyTime)
	defer cancel()
	d.gw.Close()
	s.Stop(ctx)
}
