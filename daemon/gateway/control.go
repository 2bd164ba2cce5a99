package gateway

import (
	"fmt"
	"net/http"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
)

func (g *Gateway) ping(w http.ResponseWriter, r *http.Request) {
	api.Reply(w, http.StatusOK, g.cfg.Ping())
}

func (g *Gateway) health(w http.ResponseWriter, r *http.Request) {
	h := g.cfg.Health(r.Context())
	api.Reply(w, healthStatus(h), h)
}

func (g *Gateway) makers(w http.ResponseWriter, r *http.Request) {
	if g.cfg.Makers == nil {
		api.ReplyError(w, agent.Errorf(agent.NotFound, "this daemon knows no makers"))
		return
	}
	found, err := g.cfg.Makers(r.Context(), r.URL.Query().Get("provider"), r.Method == http.MethodPost)
	if err != nil {
		api.ReplyError(w, err)
		return
	}
	api.Reply(w, http.StatusOK, found)
}

// shutdown answers at once that the daemon will stop, and ends its answer when the
// daemon is gone: the connection is taken out of the server and closed by Gone, or by
// the operating system when the process ends.
func (g *Gateway) shutdown(w http.ResponseWriter, r *http.Request) {
	ifIdle := r.URL.Query().Get("if") == "idle"
	if v := r.URL.Query().Get("if"); v != "" && !ifIdle {
		api.ReplyError(w, agent.Errorf(agent.Invalid, "if=%.40q is not if=idle", v))
		return
	}
	// Gone waits for this lock: the daemon must not end between here and the answer.
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.cfg.Stop(ifIdle); err != nil {
		api.ReplyError(w, err)
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		g.cfg.Log.Warn("the end of the shutdown cannot be told", "err", err)
		return
	}
	g.last = append(g.last, conn)
	_ = conn.SetDeadline(time.Now().Add(writeTime))
	fmt.Fprintf(conn, "HTTP/1.1 202 Accepted\r\nConnection: close\r\nContent-Type: %s\r\n%s: %s\r\n\r\n",
		api.TypeLines, api.HeaderProtocol, api.Speaks())
}

// Health returns the handler of the loopback TCP listener.
func (g *Gateway) Health() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+api.PathLivez, func(w http.ResponseWriter, r *http.Request) {
		api.Reply(w, http.StatusOK, short{OK: true})
	})
	mux.HandleFunc("GET "+api.PathReadyz, func(w http.ResponseWriter, r *http.Request) {
		h := g.cfg.Health(r.Context())
		api.Reply(w, healthStatus(h), short{h.OK, h.Problems})
	})
	mux.HandleFunc("GET "+api.PathHealthz, g.health)
	mux.HandleFunc("/", unknownPath)
	return g.guard(requireLoopback(mux))
}

// short is what a probe needs to know.
type short struct {
	OK       bool          `json:"ok"`
	Problems []api.Problem `json:"problems,omitempty"`
}

func healthStatus(h api.Health) int {
	if h.OK {
		return http.StatusOK
	}
	return http.StatusServiceUnavailable
}
