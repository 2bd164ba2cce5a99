// Package gateway answers the local API: it turns HTTP requests into calls of an
// agent.Jobs, and nothing else. A submission is answered after the store has it.
//
// One Gateway serves two listeners: ServeHTTP the unix socket with the whole API,
// Health the loopback TCP port with the health of the daemon and no more.
package gateway

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
)

// Config is what a Gateway needs. All fields but Prepare and Makers are required.
type Config struct {
	Jobs agent.Jobs

	// Prepare completes a submitted Spec: it resolves Repo and Base and reads the
	// checks of the base commit. Nil leaves the Spec as it is.
	Prepare func(ctx context.Context, spec *agent.Spec) error

	Ping   func() api.Ping
	Health func(ctx context.Context) api.Health

	// Makers says who could make patches, as a value for JSON. provider restricts it to the
	// models of one; wake first lets those that rest be asked again. Nil: nobody is known.
	Makers func(ctx context.Context, provider string, wake bool) (any, error)

	// Explain says of jobs why they wait where the store cannot know: makers that rest, a
	// machine without room. It changes Waiting alone. May be nil.
	Explain func(jobs ...*agent.Job)

	// Stop begins the daemon's shutdown and returns at once. With ifIdle it refuses
	// with WrongState while variants run.
	Stop func(ifIdle bool) error

	Log *slog.Logger
}

// Gateway is the http.Handler for the socket.
type Gateway struct {
	cfg   Config
	mux   http.Handler
	hub   *hub
	ctx   context.Context // ends with Close
	close context.CancelFunc

	mu   sync.Mutex
	last []net.Conn // who waits for the daemon to be gone
}

// New makes a Gateway. It starts nothing until a job is followed.
func New(cfg Config) *Gateway {
	ctx, cancel := context.WithCancel(context.Background())
	g := &Gateway{cfg: cfg, ctx: ctx, close: cancel, hub: newHub(ctx, cfg.Jobs)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+api.PathPing, g.ping)
	mux.HandleFunc("GET "+api.PathHealth, g.health)
	mux.HandleFunc("POST "+api.PathShutdown, g.shutdown)
	spoken := func(pattern string, h http.HandlerFunc) { mux.HandleFunc(pattern, requireProtocol(h)) }
	spoken("POST "+api.PathJobs, g.submit)
	spoken("GET "+api.PathJobs, g.list)
	spoken("GET "+api.PathJobs+"/{id}", g.job)
	spoken("POST "+api.PathJobs+"/{id}/change", g.change)
	spoken("GET "+api.PathJobs+"/{id}/events", g.events)
	spoken("GET "+api.PathWatch, g.watch)
	spoken("GET "+api.PathStatus, g.status)
	spoken("GET "+api.PathRules, g.rules)
	spoken("POST "+api.PathRules, g.rule)
	spoken("POST "+api.PathImport, g.importJob)
	spoken("GET "+api.PathMakers, g.makers)
	spoken("POST "+api.PathMakers, g.makers)
	mux.HandleFunc("/", unknownPath)
	g.mux = g.guard(mux)
	return g
}

// ServeHTTP answers a request that came through the socket.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.mux.ServeHTTP(w, r) }

// Close ends every stream with a line that says so; other requests go on. An
// http.Server can shut down only after it.
func (g *Gateway) Close() {
	g.close()
	g.hub.wait()
}

// Gone tells whoever asked for the shutdown that everything is closed and unlocked.
// It is the last thing a daemon does; a process that just ends says the same.
func (g *Gateway) Gone() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, conn := range g.last {
		conn.Close()
	}
	g.last = nil
}

func unknownPath(w http.ResponseWriter, r *http.Request) {
	api.ReplyError(w, agent.Errorf(agent.NotFound, "there is no %s %.80s", r.Method, r.URL.Path))
}
