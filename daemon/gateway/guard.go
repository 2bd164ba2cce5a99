package gateway

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"strings"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
)

// guard stands before every handler of both listeners: it refuses browsers, names the
// protocol on every answer, and keeps a panic from ending the daemon.
func (g *Gateway) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &answer{ResponseWriter: w}
		defer g.recover(answer, r)
		w.Header().Set(api.HeaderProtocol, api.Speaks().String())
		build := g.cfg.Ping().Build
		w.Header().Set(api.HeaderVersion, build.Version)
		w.Header().Set(api.HeaderBuild, build.Header())
		if err := refuseBrowser(r); err != nil {
			api.ReplyError(answer, err)
			return
		}
		next.ServeHTTP(answer, r)
	})
}

// refuseBrowser keeps web pages out. A page can make a browser send requests to any
// address; the browser then says so in Origin or Sec-Fetch-Site (Fetch, section 3.2,
// and Fetch Metadata). A person who types the address sends Sec-Fetch-Site: none.
func refuseBrowser(r *http.Request) error {
	if r.Header.Get("Origin") != "" {
		return agent.Errorf(agent.Invalid, "requests of web pages are refused: Origin %.80q", r.Header.Get("Origin"))
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "none" {
		return agent.Errorf(agent.Invalid, "requests of web pages are refused: Sec-Fetch-Site %.80q", site)
	}
	return nil
}

// requireLoopback refuses a request to the TCP listener that names another host: a
// foreign name that resolves to 127.0.0.1 is how a web page gets around Origin.
func requireLoopback(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		ip := net.ParseIP(strings.Trim(host, "[]"))
		if host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			api.ReplyError(w, agent.Errorf(agent.Invalid, "host %.80q is not this machine", r.Host))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// requireProtocol refuses a client that speaks none of our protocol numbers. One that
// does not say (curl) is taken to speak ours.
func requireProtocol(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s := r.Header.Get(api.HeaderProtocol); s != "" {
			theirs, err := api.ParseRange(s)
			if err == nil {
				err = common(api.Speaks(), theirs)
			}
			if err != nil {
				api.ReplyError(w, err)
				return
			}
		}
		next(w, r)
	}
}

func common(ours, theirs api.Range) error {
	if ours.Meets(theirs) {
		return nil
	}
	hint := "agent daemon restart"
	if theirs.Max < ours.Min {
		hint = "update the client, or start a daemon of its version with `agent daemon restart`"
	}
	return agent.Errorf(agent.Protocol, "the daemon speaks protocol %s, the client %s", ours, theirs).WithHint(hint)
}

func (g *Gateway) recover(a *answer, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) { // a deliberate cut of the connection
		panic(p)
	}
	g.cfg.Log.Error("a request panicked", "method", r.Method, "path", r.URL.Path, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	if a.begun {
		panic(http.ErrAbortHandler) // the peer must not take the half answer for a whole one
	}
	api.ReplyError(a, agent.Errorf(agent.Internal, "a defect in the daemon: %v", p).WithHint("agent daemon logs"))
}

// answer remembers whether the answer has begun.
type answer struct {
	http.ResponseWriter
	begun bool
}

func (a *answer) WriteHeader(status int) {
	a.begun = true
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	a.begun = true
	return a.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
