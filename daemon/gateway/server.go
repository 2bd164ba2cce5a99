package gateway

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// firstWord is how long a new connection may hold up Stop.
const firstWord = 200 * time.Millisecond

// Server is the http.Server of one of the two listeners, with limits that a peer on
// the same machine keeps easily. It sets no time limit for an answer: streams last as
// long as their jobs, and set one for each write.
type Server struct {
	http http.Server

	mu    sync.Mutex
	fresh map[net.Conn]time.Time // connected then, and nothing asked yet
}

// NewServer makes a Server that answers with h.
func NewServer(h http.Handler, log *slog.Logger) *Server {
	s := &Server{fresh: map[net.Conn]time.Time{}}
	s.http = http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ConnState:         s.note,
	}
	return s
}

// Serve answers on l until Stop; then it returns http.ErrServerClosed.
func (s *Server) Serve(l net.Listener) error { return s.http.Serve(l) }

// Stop closes the listener and waits for the requests under way until ctx ends, then
// cuts them off. Connections that asked nothing are closed soon; http.Server itself
// waits five seconds for their first word.
func (s *Server) Stop(ctx context.Context) {
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		if s.http.Shutdown(ctx) != nil {
			_ = s.http.Close() // they had their time
		}
	}()
	for {
		s.mu.Lock()
		for conn, since := range s.fresh {
			if time.Since(since) > firstWord {
				conn.Close()
			}
		}
		s.mu.Unlock()
		select {
		case <-stop:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (s *Server) note(conn net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state == http.StateNew {
		s.fresh[conn] = time.Now()
	} else {
		delete(s.fresh, conn)
	}
}
