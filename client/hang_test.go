package client

import (
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
)

// A daemon that takes long over a submission is waited for as long as it answers a
// ping; one that does not hangs.
func TestSlowAndHangingDaemons(t *testing.T) {
	for _, hangs := range []bool{false, true} {
		dir := t.TempDir()
		socket := filepath.Join(dir, "s")
		l, err := net.Listen("unix", socket)
		if err != nil {
			t.Skip(err) // the temporary directory's name is too long
		}
		end, pinged := make(chan struct{}), make(chan struct{}, 9)
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(api.HeaderProtocol, api.Speaks().String())
			switch {
			case hangs:
				<-end
			case r.URL.Path == api.PathPing:
				api.Reply(w, http.StatusOK, api.Ping{Name: api.Name, Protocol: api.Speaks()})
				pinged <- struct{}{}
			default:
				<-pinged
				api.ReplyText(w, http.StatusCreated, agent.Job{ID: 7}, "")
			}
		})}
		go srv.Serve(l)
		c := New(Options{Socket: socket})
		c.wait = 200 * time.Millisecond
		job, err := c.Submit(t.Context(), agent.Spec{Kind: agent.Command, Text: "true"})
		switch {
		case hangs && (agent.CodeOf(err) != agent.Unavailable || !strings.Contains(err.Error(), "does not answer")):
			t.Errorf("a daemon that hangs: job %s, %v", job.ID, err)
		case !hangs && (err != nil || job.ID != 7):
			t.Errorf("a slow daemon: job %s, %v", job.ID, err)
		}
		close(end)
		c.Close()
		srv.Close()
	}
}
