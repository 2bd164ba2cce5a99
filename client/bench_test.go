package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
	"codeagent.dev/agent/store/bolt"
)

// submitRate is how many a second n clients get acknowledged in half a second.
func submitRate(b *testing.B, n int, submit func(context.Context) error) float64 {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 500*time.Millisecond)
	defer cancel()
	var acknowledged atomic.Int64
	var group sync.WaitGroup
	began := time.Now()
	for range n {
		group.Go(func() {
			for ctx.Err() == nil {
				if err := submit(b.Context()); err != nil {
					b.Error(err)
					return
				}
				acknowledged.Add(1)
			}
		})
	}
	group.Wait()
	return float64(acknowledged.Load()) / time.Since(began).Seconds()
}

func openBolt(b *testing.B) *bolt.Store {
	store, err := bolt.Open(bolt.Options{Path: filepath.Join(b.TempDir(), "agent.db")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { store.Close() })
	return store
}

// BenchmarkSubmit compares durable submissions of 1 KiB over the socket with the same
// in the store's own process, in turns. Clients and daemon share this process.
func BenchmarkSubmit(b *testing.B) {
	text := strings.Repeat("x", 1<<10)
	for _, n := range []int{1, 64, 256} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			near, far := openBolt(b), openBolt(b)
			c := dial(b, serve(b, socketIn(b), far).socket)
			submit := func(jobs agent.Jobs) func(context.Context) error {
				return func(ctx context.Context) error {
					s := spec()
					s.Text = text
					_, err := jobs.Submit(ctx, s)
					return err
				}
			}
			var in, over float64
			for b.Loop() {
				in += submitRate(b, n, submit(near))
				over += submitRate(b, n, submit(c))
			}
			b.ReportMetric(in/float64(b.N), "inprocess-jobs/s")
			b.ReportMetric(over/float64(b.N), "socket-jobs/s")
			b.ReportMetric(over/in, "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// sink takes every job and keeps none, so that only the way there is measured.
type sink struct{ agent.Jobs }

func (sink) Submit(_ context.Context, s agent.Spec) (agent.Job, error) {
	s.Text = ""
	return agent.Job{ID: 1, Spec: s}, nil
}

// BenchmarkBody compares a patch of 20 KiB as raw body with the same as a JSON string.
func BenchmarkBody(b *testing.B) {
	const clients = 64
	patch := strings.Repeat("+\tif err != nil {\n+\t\treturn fmt.Errorf(\"open %q: %w\", path, err)\n+\t}\n", 20<<10/70)
	type wrapped struct {
		agent.Spec
		Text string `json:"text"`
	}
	raw := dial(b, serve(b, socketIn(b), sink{}).socket)
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+api.PathPing, pinging(api.Ping{Name: api.Name, Protocol: api.Speaks()}))
	mux.HandleFunc("POST "+api.PathJobs, func(w http.ResponseWriter, r *http.Request) {
		var v wrapped
		body, err := api.Read(r.Body, r.ContentLength, api.MaxRequest)
		if err == nil {
			err = json.Unmarshal([]byte(body), &v)
		}
		v.Spec.Text = v.Text
		if err == nil {
			err = v.Spec.Validate()
		}
		if err != nil || v.Text != patch {
			api.ReplyError(w, agent.Errorf(agent.Invalid, "not the patch: %v", err))
			return
		}
		job, _ := sink{}.Submit(r.Context(), v.Spec)
		api.Reply(w, http.StatusCreated, job)
	})
	socket := answer(b, mux.ServeHTTP)
	transport := &http.Transport{MaxIdleConnsPerHost: clients, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return api.Dial(ctx, socket)
	}}
	defer transport.CloseIdleConnections()
	post := func(ctx context.Context, body []byte) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://agent"+api.PathJobs, bytes.NewReader(body))
		if err != nil {
			return err
		}
		resp, err := transport.RoundTrip(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusCreated {
			return api.ReadError(resp)
		}
		_, err = api.Read(resp.Body, resp.ContentLength, api.MaxLine)
		return err
	}

	s := spec()
	s.Kind, s.Text = agent.Diff, patch
	var rawRate, wrapRate float64
	for b.Loop() {
		rawRate += submitRate(b, clients, func(ctx context.Context) error { _, err := raw.Submit(ctx, s); return err })
		wrapRate += submitRate(b, clients, func(ctx context.Context) error {
			body, err := json.Marshal(wrapped{s, s.Text})
			if err != nil {
				return err
			}
			return post(ctx, body)
		})
	}
	b.ReportMetric(rawRate/float64(b.N), "raw-req/s")
	b.ReportMetric(wrapRate/float64(b.N), "json-req/s")
	b.ReportMetric(rawRate/wrapRate, "ratio")
	b.ReportMetric(0, "ns/op")
}
