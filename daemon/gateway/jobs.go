package gateway

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strconv"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
)

// bodyTime is how long a peer may take to send a body. It is on the same machine.
const bodyTime = time.Minute

// body reads the request's body within its limits of size and time.
func body(w http.ResponseWriter, r *http.Request, limit int64) (string, error) {
	rc := http.NewResponseController(w)
	if err := rc.SetReadDeadline(time.Now().Add(bodyTime)); err != nil {
		return "", err
	}
	s, err := api.Read(http.MaxBytesReader(w, r.Body, limit+1), r.ContentLength, limit)
	if err != nil {
		return "", unreadable(err)
	}
	// A deadline that runs out later would cancel the request's context.
	return s, rc.SetReadDeadline(time.Time{})
}

// unreadable is a body's error for its sender, if that still listens.
func unreadable(err error) error {
	if _, ok := errors.AsType[*agent.Error](err); ok {
		return err
	}
	code := agent.Invalid
	if errors.Is(err, os.ErrDeadlineExceeded) {
		code = agent.TimedOut
	}
	return agent.Errorf(code, "the body cannot be read: %w", err)
}

func (g *Gateway) submit(w http.ResponseWriter, r *http.Request) {
	dry, err := api.Flag(r.URL.Query(), "dry_run")
	if err != nil {
		api.ReplyError(w, err)
		return
	}
	if err := g.outdated(r); err != nil {
		api.ReplyError(w, err)
		return
	}
	spec, err := g.readSpec(w, r)
	if err != nil {
		api.ReplyError(w, err)
		return
	}
	if dry {
		api.ReplyText(w, http.StatusOK, spec, "") // the client has the text
		return
	}
	job, err := g.cfg.Jobs.Submit(r.Context(), spec)
	g.replyJob(w, http.StatusCreated, job, err)
}

// replyJob answers with a job and why it waits.
func (g *Gateway) replyJob(w http.ResponseWriter, status int, job agent.Job, err error) {
	if err != nil {
		api.ReplyError(w, err)
		return
	}
	if g.cfg.Explain != nil {
		g.cfg.Explain(&job)
	}
	api.ReplyText(w, status, job, job.Spec.Text)
}

// outdated refuses the submission of a client that would first put a newer daemon in
// our place, and can: we are idle, or on our way out.
func (g *Gateway) outdated(r *http.Request) error {
	build, err := api.ParseBuild(r.Header.Get(api.HeaderWants))
	if err != nil { // none, or one that only later builds can read
		return nil
	}
	if p := g.cfg.Ping(); p.Stopping || !p.Busy && p.Build.Before(build) {
		return agent.Errorf(agent.Protocol, "the daemon (%s) makes way for one of build %s", p.Build.Version, build.Version).WithHint("agent daemon restart")
	}
	return nil
}

// readSpec reads, prepares and validates what is submitted.
func (g *Gateway) readSpec(w http.ResponseWriter, r *http.Request) (agent.Spec, error) {
	s, err := body(w, r, api.MaxRequest)
	if err != nil {
		return agent.Spec{}, err
	}
	spec, err := api.DecodeSpec(s)
	if err != nil {
		return agent.Spec{}, err
	}
	if g.cfg.Prepare != nil {
		if err := g.cfg.Prepare(r.Context(), &spec); err != nil {
			return agent.Spec{}, err
		}
	}
	return spec, spec.Validate()
}

func (g *Gateway) list(w http.ResponseWriter, r *http.Request) {
	filter, err := api.DecodeFilter(r.URL.Query())
	if err != nil {
		api.ReplyError(w, err)
		return
	}
	jobs, err := g.cfg.Jobs.List(r.Context(), filter)
	if err != nil {
		api.ReplyError(w, err)
		return
	}
	if g.cfg.Explain != nil {
		all := make([]*agent.Job, len(jobs))
		for i := range jobs {
			all[i] = &jobs[i]
		}
		g.cfg.Explain(all...)
	}
	if jobs == nil {
		jobs = []agent.Job{} // [] and not null, for readers in other languages
	}
	api.Reply(w, http.StatusOK, api.Jobs{Jobs: jobs})
}

func (g *Gateway) job(w http.ResponseWriter, r *http.Request) {
	id, err := jobID(r)
	if err != nil {
		api.ReplyError(w, err)
		return
	}
	job, err := g.cfg.Jobs.Job(r.Context(), id)
	g.replyJob(w, http.StatusOK, job, err)
}

func (g *Gateway) change(w http.ResponseWriter, r *http.Request) {
	id, err := jobID(r)
	if err != nil {
		api.ReplyError(w, err)
		return
	}
	c, err := readChange(w, r)
	if err != nil {
		api.ReplyError(w, err)
		return
	}
	job, err := g.cfg.Jobs.Change(r.Context(), id, c)
	g.replyJob(w, http.StatusOK, job, err)
}

// readChange reads a change, which is one JSON document unless a text follows it.
func readChange(w http.ResponseWriter, r *http.Request) (c agent.Change, err error) {
	if r.Header.Get("Content-Type") == api.TypeText {
		s, err := body(w, r, api.MaxRequest)
		if err != nil {
			return c, err
		}
		return api.DecodeChange(s)
	}
	s, err := body(w, r, api.MaxChange)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(s), &c); err != nil {
		return c, agent.Errorf(agent.Invalid, "the body is no change of a job: %w", err)
	}
	return c, nil
}

func (g *Gateway) importJob(w http.ResponseWriter, r *http.Request) {
	s, err := body(w, r, api.MaxImport)
	if err != nil {
		api.ReplyError(w, err)
		return
	}
	in, err := api.DecodeImport(s)
	if err != nil {
		api.ReplyError(w, err)
		return
	}
	job, err := g.cfg.Jobs.Import(r.Context(), in.Job, in.Events)
	g.replyJob(w, http.StatusCreated, job, err)
}

func (g *Gateway) rules(w http.ResponseWriter, r *http.Request) {
	replyRules(w)(g.cfg.Jobs.Rules(r.Context()))
}

func (g *Gateway) rule(w http.ResponseWriter, r *http.Request) {
	s, err := body(w, r, api.MaxChange)
	if err != nil {
		api.ReplyError(w, err)
		return
	}
	var c agent.RuleChange
	if err := json.Unmarshal([]byte(s), &c); err != nil {
		api.ReplyError(w, agent.Errorf(agent.Invalid, "the body is no change of the rules: %w", err))
		return
	}
	replyRules(w)(g.cfg.Jobs.Rule(r.Context(), c))
}

func replyRules(w http.ResponseWriter) func(agent.Rules, error) {
	return func(rules agent.Rules, err error) {
		if err != nil {
			api.ReplyError(w, err)
			return
		}
		api.Reply(w, http.StatusOK, rules)
	}
}

func (g *Gateway) status(w http.ResponseWriter, r *http.Request) {
	status, err := g.cfg.Jobs.Status(r.Context())
	if err != nil {
		api.ReplyError(w, err)
		return
	}
	api.Reply(w, http.StatusOK, status)
}

func jobID(r *http.Request) (agent.ID, error) {
	s := r.PathValue("id")
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, agent.Errorf(agent.Invalid, "%.40q is no job id", s)
	}
	return agent.ID(n), nil
}
