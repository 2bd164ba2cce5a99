package gateway

import (
	"log/slog"
	"net/http"
	"time"
)

// NewServer makes the http.Server for one of the two listeners, with limits that a
// peer on the same machine keeps easily. It sets no time limit for an answer: streams
// last as long as their jobs, and set one for each write.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}
