package client

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
)

// Ping asks who answers on the socket. It works with a daemon of any protocol.
// Whatever answers but is no daemon of ours is an Unavailable error.
func (c *Client) Ping(ctx context.Context) (api.Ping, error) {
	var p api.Ping
	body, err := c.call(ctx, request{method: http.MethodGet, path: api.PathPing})
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal([]byte(body), &p); err != nil || p.Name != api.Name {
		return p, c.foreign()
	}
	return p, nil
}

// Health asks how the daemon is. A daemon that is not well answers too: see Health.OK.
func (c *Client) Health(ctx context.Context) (api.Health, error) {
	var h api.Health
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://agent"+api.PathHealth, nil)
	if err != nil {
		return h, agent.Errorf(agent.Internal, "ask for the health: %w", err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return h, c.unreachable(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusServiceUnavailable {
		return h, api.ReadError(resp)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, api.MaxLine)).Decode(&h); err != nil {
		return h, agent.Errorf(agent.Internal, "unreadable health: %w", err)
	}
	return h, nil
}

// Makers asks who could make patches, and reads the answer into found. provider
// restricts it to the models of one; wake first lets those that rest be asked again.
func (c *Client) Makers(ctx context.Context, provider string, wake bool, found any) error {
	r := request{method: http.MethodGet, path: api.PathMakers + "?" + url.Values{"provider": {provider}}.Encode()}
	if wake {
		r.method = http.MethodPost
	}
	body, err := c.call(ctx, r)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(body), found); err != nil {
		return agent.Errorf(agent.Internal, "unreadable makers: %w", err)
	}
	return nil
}

// Shutdown stops the daemon and returns when it is gone: variants given back, store
// closed, locks free. With ifIdle a daemon that runs variants refuses with WrongState.
// When ctx ends first, the daemon stops all the same.
func (c *Client) Shutdown(ctx context.Context, ifIdle bool) error {
	path := api.PathShutdown
	if ifIdle {
		path += "?if=idle"
	}
	resp, err := c.send(ctx, request{method: http.MethodPost, path: path})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	c.http.CloseIdleConnections()         // the daemon need not wait for them
	_, _ = io.Copy(io.Discard, resp.Body) // ends with the daemon, cleanly or not
	return ctx.Err()
}
