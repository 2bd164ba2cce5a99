package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
)

// events streams one job's events. A job that does not exist is a plain 404; whatever
// goes wrong later is the stream's last line.
func (g *Gateway) events(w http.ResponseWriter, r *http.Request) {
	id, err := jobID(r)
	if err != nil {
		api.ReplyError(w, err)
		return
	}
	var after uint64
	if s := r.URL.Query().Get("after"); s != "" {
		if after, err = strconv.ParseUint(s, 10, 64); err != nil {
			api.ReplyError(w, agent.Errorf(agent.Invalid, "after=%.40q is no event's number", s))
			return
		}
	}
	job, err := head(r.Context(), g.cfg.Jobs, id)
	if err != nil {
		api.ReplyError(w, err)
		return
	}
	g.stream(w, r, func(ctx context.Context, out *stream) error {
		return g.hub.follow(ctx, job, after, out)
	})
}

// watch streams the ids of jobs that change. It subscribes before it answers, so that
// a client that has the answer's head misses nothing.
func (g *Gateway) watch(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := g.both(r.Context())
	defer cancel()
	ids := g.cfg.Jobs.Watch(ctx)
	g.stream(w, r, func(_ context.Context, out *stream) error {
		for id, err := range ids {
			if err != nil {
				return err
			}
			line, err := json.Marshal(api.ID{Job: id})
			if err != nil {
				return err
			}
			if err := out.push(append(line, '\n')); err != nil {
				return err
			}
		}
		return nil
	})
}

// stream answers with what write writes, until the peer leaves or the daemon stops.
func (g *Gateway) stream(w http.ResponseWriter, r *http.Request, write func(ctx context.Context, out *stream) error) {
	ctx, cancel := g.both(r.Context())
	defer cancel()
	out := newStream(w)
	var err error = agent.Errorf(agent.Internal, "a defect in the daemon ended the stream").WithHint("agent daemon logs")
	defer func() { out.close(err) }() // also when write panics
	err = write(ctx, out)
	if err != nil && g.ctx.Err() != nil {
		err = errStopping()
	}
}

// both returns a context that ends with the request and with the gateway.
func (g *Gateway) both(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(g.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}
