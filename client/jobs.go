package client

import (
	"context"
	"encoding/json"
	"net/http"
	"unicode/utf8"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
)

// Submit implements agent.Jobs. An Unavailable error leaves open whether the job was
// taken, unless its Spec has a Key, with which asking again is safe.
func (c *Client) Submit(ctx context.Context, spec agent.Spec) (agent.Job, error) {
	body, err := c.submit(ctx, spec)
	if err != nil {
		return agent.Job{}, err
	}
	return api.DecodeJob(body)
}

// SubmitID is Submit for who wants no more than the number. The decoder of a whole Job
// takes 0.2 ms to make, which most processes would make for this once.
func (c *Client) SubmitID(ctx context.Context, spec agent.Spec) (agent.ID, error) {
	body, err := c.submit(ctx, spec)
	if err != nil {
		return 0, err
	}
	return api.DecodeID(body)
}

// submit returns the job as it was answered.
func (c *Client) submit(ctx context.Context, spec agent.Spec) (string, error) {
	if err := fits(spec); err != nil {
		return "", err
	}
	head, err := api.Head(spec)
	if err != nil {
		return "", err
	}
	q := request{method: http.MethodPost, path: api.PathJobs, typ: api.TypeText, head: head, text: spec.Text}
	if !c.met.Load() {
		return c.first(ctx, q)
	}
	return c.call(ctx, q)
}

// DryRun returns the Spec as Submit would store it: repository and base resolved,
// checks read, defaults set. Nothing is stored.
func (c *Client) DryRun(ctx context.Context, spec agent.Spec) (agent.Spec, error) {
	if err := fits(spec); err != nil {
		return agent.Spec{}, err
	}
	head, err := api.Head(spec)
	if err != nil {
		return agent.Spec{}, err
	}
	body, err := c.call(ctx, request{method: http.MethodPost, path: api.PathJobs + "?dry_run=1", typ: api.TypeText, head: head, text: spec.Text})
	if err != nil {
		return agent.Spec{}, err
	}
	full, err := api.DecodeSpec(body)
	full.Text = spec.Text
	return full, err
}

// fits refuses here what would not arrive. A text that is too long the daemon refuses
// unread, and that answer can be lost with the connection. What is not UTF-8 would
// arrive changed, in all but the text, which travels byte for byte.
func fits(spec agent.Spec) error {
	if len(spec.Text) > agent.MaxText {
		return agent.Errorf(agent.Invalid, "the %s is %d MiB long; the limit is %d MiB", spec.Kind, len(spec.Text)>>20, agent.MaxText>>20)
	}
	for _, c := range spec.Checks {
		if !utf8.ValidString(c.Run + c.Name + c.Dir) {
			return notText("check", c.Run)
		}
	}
	for what, words := range map[string][]string{
		"directory": {spec.Repo}, "revision": {spec.Base}, "author": {spec.Author}, "key": {spec.Key},
		"path limit": spec.Limits.Paths, "maker": spec.Makers, "label": spec.Labels, "group": {spec.Group},
	} {
		for _, word := range words {
			if !utf8.ValidString(word) {
				return notText(what, word)
			}
		}
	}
	return nil
}

func notText(what, word string) error {
	return agent.Errorf(agent.Invalid, "the %s %q is not valid UTF-8", what, word).
		WithHint("only the change itself may hold other bytes: rename it, or name something that holds it")
}

// Job implements agent.Jobs.
func (c *Client) Job(ctx context.Context, id agent.ID) (agent.Job, error) {
	return c.job(ctx, request{method: http.MethodGet, path: api.PathJob(id)})
}

// List implements agent.Jobs.
func (c *Client) List(ctx context.Context, f agent.Filter) ([]agent.Job, error) {
	path := api.PathJobs
	if q := api.EncodeFilter(f).Encode(); q != "" {
		path += "?" + q
	}
	var list api.Jobs
	if err := c.get(ctx, path, &list); err != nil || len(list.Jobs) == 0 {
		return nil, err
	}
	return list.Jobs, nil
}

// Change implements agent.Jobs.
func (c *Client) Change(ctx context.Context, id agent.ID, ch agent.Change) (agent.Job, error) {
	r := request{method: http.MethodPost, path: api.PathChange(id), typ: api.TypeJSON}
	if ch.Op == agent.OpEdit {
		r.typ, r.text, ch.Text = api.TypeText, ch.Text, ""
		if err := fits(agent.Spec{Kind: "text", Text: r.text}); err != nil {
			return agent.Job{}, err
		}
	}
	if ch.Spec != nil {
		if err := fits(*ch.Spec); err != nil {
			return agent.Job{}, err
		}
	}
	var err error
	if r.head, err = api.Head(ch); err != nil {
		return agent.Job{}, err
	}
	return c.job(ctx, r)
}

// Import implements agent.Jobs.
func (c *Client) Import(ctx context.Context, j agent.Job, history []agent.Event) (agent.Job, error) {
	head, err := api.Head(api.Import{Job: j, Events: history})
	if err != nil {
		return agent.Job{}, err
	}
	if len(head)+len(j.Spec.Text) > api.MaxImport {
		return agent.Job{}, agent.Errorf(agent.Invalid, "job %s and its history are larger than %d MiB", j.ID, api.MaxImport>>20)
	}
	return c.job(ctx, request{method: http.MethodPost, path: api.PathImport, typ: api.TypeText, head: head, text: j.Spec.Text})
}

// Rules implements agent.Jobs.
func (c *Client) Rules(ctx context.Context) (agent.Rules, error) {
	var r agent.Rules
	err := c.get(ctx, api.PathRules, &r)
	return r, err
}

// Rule implements agent.Jobs.
func (c *Client) Rule(ctx context.Context, ch agent.RuleChange) (agent.Rules, error) {
	var r agent.Rules
	head, err := api.Head(ch)
	if err != nil {
		return r, err
	}
	body, err := c.call(ctx, request{method: http.MethodPost, path: api.PathRules, typ: api.TypeJSON, head: head})
	if err != nil {
		return r, err
	}
	return r, decodeAnswer(body, "POST "+api.PathRules, &r)
}

// Status implements agent.Jobs.
func (c *Client) Status(ctx context.Context) (agent.Status, error) {
	var s agent.Status
	err := c.get(ctx, api.PathStatus, &s)
	return s, err
}

// job calls what answers with a job.
func (c *Client) job(ctx context.Context, q request) (agent.Job, error) {
	body, err := c.call(ctx, q)
	if err != nil {
		return agent.Job{}, err
	}
	return api.DecodeJob(body)
}

// get calls what answers with one JSON document.
func (c *Client) get(ctx context.Context, path string, v any) error {
	body, err := c.call(ctx, request{method: http.MethodGet, path: path})
	if err != nil {
		return err
	}
	return decodeAnswer(body, "GET "+path, v)
}

func decodeAnswer(body, to string, v any) error {
	if err := json.Unmarshal([]byte(body), v); err != nil {
		return agent.Errorf(agent.Internal, "unreadable answer to %s: %w", to, err)
	}
	return nil
}
