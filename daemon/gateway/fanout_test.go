package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
	"codeagent.dev/agent/store/mem"
)

// BenchmarkFanOut has many followers of one log, in a process of their own, and
// measures what they cost the daemon's. Beside the gateway stands what one writes
// first: a channel a follower, each event encoded and flushed for each of them.
//
//	shared-delivered  part of the events asked for that the followers have 250 ms after
//	                  the last one was due
//	cpu-ratio         CPU time of a delivery, channel a follower ÷ shared log
func BenchmarkFanOut(b *testing.B) {
	const followers, rate = 1000, 2000
	var shared, naive fanOut
	for b.Loop() {
		// The naive one cannot keep up; a fifth of the events is enough to know its price.
		naive.add(runFanOut(b, followers, rate/5, time.Second, naiveServer))
		shared.add(runFanOut(b, followers, rate, 2*time.Second, gatewayServer))
	}
	b.ReportMetric(shared.delivered(), "shared-delivered")
	b.ReportMetric(shared.micros(), "shared-µs/delivery")
	b.ReportMetric(naive.micros(), "naive-µs/delivery")
	b.ReportMetric(naive.micros()/shared.micros(), "cpu-ratio")
	b.ReportMetric(0, "ns/op") // a run takes as long as it is told to
}

// fanOut is what one way of serving followers did.
type fanOut struct {
	asked, inTime, all int64
	cpu                time.Duration // of the serving process
}

func (f *fanOut) add(o fanOut) {
	f.asked += o.asked
	f.inTime += o.inTime
	f.all += o.all
	f.cpu += o.cpu
}

func (f *fanOut) delivered() float64 { return float64(f.inTime) / float64(f.asked) }
func (f *fanOut) micros() float64    { return float64(f.cpu.Microseconds()) / float64(f.all) }

func runFanOut(b *testing.B, followers, rate int, length time.Duration, server func(*testing.B, *mem.Store) string) fanOut {
	store := mem.New(mem.Options{})
	defer store.Close()
	l := claimed(b, store)
	socket := server(b, store)
	crowd := newCrowd(b, socket, followers)
	crowd.await(b, int64(2*followers)) // submitted, claimed: all are there
	before := cpuTime()
	publish(b, store, l, rate, length)
	time.Sleep(250 * time.Millisecond)
	o := fanOut{asked: int64(followers) * int64(float64(rate)*length.Seconds())}
	o.inTime = min(crowd.count(b)-int64(2*followers), o.asked)
	crowd.await(b, o.asked+int64(2*followers))
	o.cpu, o.all = cpuTime()-before, o.asked
	finish(b, store, l)
	crowd.leave(b)
	return o
}

// publish records events at a steady rate.
func publish(b *testing.B, store *mem.Store, l agent.Lease, rate int, length time.Duration) {
	const step = 5 * time.Millisecond
	ticker := time.NewTicker(step)
	defer ticker.Stop()
	total, done := int(float64(rate)*length.Seconds()), 0
	for began := time.Now(); done < total; {
		<-ticker.C
		due := min(total, int(time.Since(began).Seconds()*float64(rate)))
		record(b, store, l, due-done, "ok   codeagent.dev/agent/daemon/gateway  0.412s")
		done = due
	}
}

func gatewayServer(b *testing.B, store *mem.Store) string { return serve(b, config(store)) }

// naiveServer is the baseline: one reader of the store, a channel a follower.
func naiveServer(b *testing.B, store *mem.Store) string {
	var mu sync.Mutex
	chans := map[chan agent.Event]struct{}{}
	ctx, cancel := context.WithCancel(context.Background())
	var history []agent.Event
	for ev := range store.Events(ctx, 1, 0) {
		if history = append(history, ev); len(history) == 2 {
			break
		}
	}
	go func() {
		for ev, err := range store.Events(ctx, 1, 2) {
			if err != nil {
				break
			}
			mu.Lock()
			for c := range chans {
				c <- ev
			}
			mu.Unlock()
		}
		mu.Lock()
		for c := range chans {
			close(c)
		}
		mu.Unlock()
	}()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := make(chan agent.Event, 256)
		for _, ev := range history {
			c <- ev
		}
		mu.Lock()
		chans[c] = struct{}{}
		mu.Unlock()
		for ev := range c {
			line, err := json.Marshal(ev)
			if err != nil {
				return
			}
			w.Write(append(line, '\n'))
			w.(http.Flusher).Flush()
		}
		w.Write(api.EndLine(nil))
	})
	socket := socketFor(b)
	l, err := net.Listen("unix", socket)
	if err != nil {
		b.Fatal(err)
	}
	srv := &http.Server{Handler: handler}
	done := make(chan struct{})
	go func() { defer close(done); srv.Serve(l) }()
	b.Cleanup(func() { cancel(); srv.Close(); <-done })
	return socket
}

// crowd is the process of the followers. It answers every line with the number of
// events that they have seen together, and ends when its input does.
type crowd struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func newCrowd(b *testing.B, socket string, n int) *crowd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=crowd %d %s", partEnv, n, socket))
	cmd.Stderr = os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err1 != nil || err2 != nil {
		b.Fatal(err1, err2)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	return &crowd{cmd, in, bufio.NewReader(out)}
}

func (c *crowd) count(b *testing.B) int64 {
	if _, err := io.WriteString(c.in, "\n"); err != nil {
		b.Fatal(err)
	}
	s, err := c.out.ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

func (c *crowd) await(b *testing.B, n int64) {
	for deadline := time.Now().Add(2 * time.Minute); c.count(b) < n; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatalf("%d deliveries of %d", c.count(b), n)
		}
	}
}

func (c *crowd) leave(b *testing.B) {
	c.in.Close()
	if err := c.cmd.Wait(); err != nil {
		b.Error(err)
	}
}

// beCrowd is the other process.
func beCrowd(arg string) int {
	count, socket, _ := strings.Cut(arg, " ")
	n, err := strconv.Atoi(count)
	if err != nil {
		return 2
	}
	var seen atomic.Int64
	for range n {
		conn, err := net.Dial("unix", socket)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: agent\r\n\r\n", api.PathEvents(1, 0))
		go func() {
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				return
			}
			buf := make([]byte, 32<<10)
			for err == nil {
				n := 0
				n, err = resp.Body.Read(buf)
				seen.Add(int64(bytes.Count(buf[:n], []byte{'\n'})))
			}
		}()
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		fmt.Println(seen.Load())
	}
	return 0
}
