package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"
	"codeagent.dev/agent/notify"
	"codeagent.dev/agent/tui"
)

func newNotifyCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "notify",
		Short: "Be told when jobs end",
		Long: `Be told when jobs end: on the desktop, by a command of yours, by a POST to a web address, or
by the terminal that waits for them. Nothing is told until you say how:

  agent config set notify.desktop on
  agent config set notify.command 'say "$AGENT_TITLE"'
  agent config set notify.webhook https://example.org/hook
  agent config set notify.terminal bell
  agent daemon restart

notify.on says what you hear of: job.done, batch.done (a group, or a repository, has
nothing left to do), needs_input. What ends within seconds is told together.

A command finds AGENT_EVENT, AGENT_TITLE, AGENT_TEXT, AGENT_REPO, AGENT_GROUP, AGENT_COUNT and
AGENT_JOBS in its environment, of a single job AGENT_JOB, AGENT_VERDICT, AGENT_REASON and
AGENT_COMMIT as well, and all of it as JSON on stdin. A web address gets the same JSON, signed with the key
that notify.secret names, as standardwebhooks.com says.`,
		Example: "  agent notify test",
	}
	return parent(cmd, newNotifyTestCmd(a))
}

func newNotifyTestCmd(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "test",
		Short:   "Send one notification each way, and say what happened",
		Long:    `Send one notification each way that is set, from this process, and say what happened.`,
		Example: "  agent notify test",
		Args:    args(0, 0, ""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runNotifyTest(cmd.Context(), a, asJSON) },
	}
	addJSON(cmd, &asJSON)
	return exits(cmd, []int{exitInterrupted})
}

// notifyDoc is what became of one way to tell.
type notifyDoc struct {
	By    string `json:"by"`
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
	Took  string `json:"took"`
}

func runNotifyTest(ctx context.Context, a *app, asJSON bool) error {
	conf, err := a.config()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "agent-notify-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	sinks, err := a.sinks(dir, conf)
	if err != nil {
		return err
	}
	rung := a.ringTest(conf.Notify.Terminal)
	if len(sinks) == 0 && rung == "" {
		return agent.Errorf(agent.WrongState, "no way to tell you is set").WithHint("agent config set notify.desktop on && agent notify test")
	}
	event := notify.JobDone
	if len(conf.Notify.On) > 0 {
		event = notify.Event(conf.Notify.On[0])
	}
	docs := make([]notifyDoc, len(sinks))
	var all sync.WaitGroup
	for i, s := range sinks {
		all.Go(func() {
			begun := a.now()
			err := s.Send(ctx, notify.Example(event, begun))
			docs[i] = notifyDoc{By: s.Name(), OK: err == nil, Took: tui.Took(a.now().Sub(begun))}
			if err != nil {
				docs[i].Error = err.Error()
			}
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if rung != "" {
		docs = append(docs, notifyDoc{By: rung, OK: true, Took: tui.Took(0)})
	}
	return a.tellTest(docs, asJSON)
}

func (a *app) tellTest(docs []notifyDoc, asJSON bool) error {
	failed := 0
	s, t := a.style(), tui.Table{}
	for _, d := range docs {
		word := s.Good("✓ sent")
		if !d.OK {
			failed++
			word = s.Bad("✗ failed")
		}
		t.Add(d.By, word, d.Took, oneLine(d.Error))
	}
	var err error
	if asJSON {
		err = a.printJSON(struct {
			header
			Sent []notifyDoc `json:"sent"`
		}{docHeader, docs})
	} else {
		err = t.Write(a.out, s, a.width())
	}
	if err == nil && failed > 0 {
		return agent.Errorf(agent.Internal, "%d of %d did not arrive", failed, len(docs)).WithHint("agent notify --help")
	}
	return err
}

// sinks are the ways to tell a person that are set. dir is where their commands run.
func (a *app) sinks(dir string, conf *config.Config) (sinks []notify.Sink, err error) {
	env := map[string]string{}
	for _, kv := range a.environ {
		if name, value, ok := strings.Cut(kv, "="); ok {
			env[name] = value
		}
	}
	if conf.Notify.Desktop == "on" {
		sinks = append(sinks, notify.Desktop{Dir: dir, Env: env})
	}
	if conf.Notify.Command != "" {
		sinks = append(sinks, notify.Command{Shell: conf.Notify.Command, Dir: dir, Env: env})
	}
	if conf.Notify.Webhook == "" {
		return sinks, nil
	}
	hook, err := a.webhook(conf)
	if err != nil {
		return sinks, err
	}
	return append(sinks, hook), nil
}

// webhook is the address to post to, and the key to sign with.
func (a *app) webhook(conf *config.Config) (notify.Sink, error) {
	address, secret := conf.Notify.Webhook, ""
	if strings.HasPrefix(address, "file:") {
		read, err := a.machine().Secret(address)
		if err != nil {
			return nil, fmt.Errorf("notify.webhook: %w", err)
		}
		address = read.Reveal()
	}
	if conf.Notify.Secret != "" {
		read, err := a.machine().Secret(conf.Notify.Secret)
		if err != nil {
			return nil, fmt.Errorf("notify.secret: %w", err)
		}
		secret = read.Reveal()
	}
	pool, err := trusted(conf.CAFile)
	if err != nil {
		return nil, agent.Errorf(agent.Invalid, "tls.ca_file: %w", err).WithHint("agent config unset tls.ca_file")
	}
	hook, err := notify.NewWebhook(address, secret, &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2: true, IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: 256 << 10,
	})
	if err != nil {
		return nil, agent.Errorf(agent.Invalid, "%w", err).WithHint("agent config get notify.webhook")
	}
	return hook, nil
}

// trusted are the system's authorities and those of a file; nil: the system's alone.
func trusted(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", file)
	}
	return pool, nil
}

// notifying is the part of the daemon that tells a person. It is never busy: nobody waits
// for it.
type notifying struct{ *notify.Notifier }

// Busy implements daemon.Worker.
func (notifying) Busy() (running, limit int) { return 0, 0 }

// notifier tells what becomes of the queue's jobs. The error says which way to tell is
// set and not possible; the others are there.
func (a *app) notifier(queue agent.Jobs, paths config.Paths, conf *config.Config, log *slog.Logger) (notifying, error) {
	sinks, err := a.sinks(paths.State, conf)
	var on []notify.Event
	for _, e := range conf.Notify.On {
		on = append(on, notify.Event(e))
	}
	return notifying{notify.New(notify.Config{Jobs: queue, On: on, Sinks: sinks, Path: paths.Told(), Log: log})}, err
}
