package watch

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"codeagent.dev/agent"
)

// TestTreeAtTheLimit watches a tree in a user name space, for which the kernel counts
// watches apart, and lets it have fewer than there are directories.
func TestTreeAtTheLimit(t *testing.T) {
	const inside = "WATCH_TEST_LIMITED"
	if os.Getenv(inside) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestTreeAtTheLimit$", "-test.v")
		cmd.Env = append(os.Environ(), inside+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		}
		out, err := cmd.CombinedOutput()
		switch {
		case err == nil && strings.Contains(string(out), "--- PASS"):
		case cmd.ProcessState == nil, strings.Contains(string(out), "--- SKIP"):
			t.Skipf("user name spaces are missing: %v\n%s", err, out)
		default:
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	const limit = "/proc/sys/user/max_inotify_watches"
	if err := os.WriteFile(limit, []byte(strconv.Itoa(20)), 0); err != nil {
		t.Skip(err)
	}
	tree := &Tree{Root: newRepo(t)}
	for i := range 40 {
		write(t, fmt.Sprintf("%s/d%02d/a.go", tree.Root, i), "")
	}
	r := &running{Tree: tree, t: t, changed: make(chan []string), ended: make(chan error, 1), seen: map[string]bool{}, dir: "."}
	var notices []error
	tree.Git = gitOf(t, tree.Root)
	tree.Notice = func(err error) { notices = append(notices, err) }
	ready := make(chan struct{})
	tree.Ready = func() { close(ready) }
	ctx, stop := context.WithCancel(t.Context())
	go func() { r.ended <- tree.Run(ctx, r.changed) }()
	<-ready
	for _, i := range []int{0, 39} {
		write(t, r.path(fmt.Sprintf("d%02d/a.go", i)), "longer")
	}
	r.await("d00/a.go", "d39/a.go")
	stop()
	<-r.ended
	if tree.watched != 20 || tree.polled == 0 {
		t.Errorf("%d are watched and %d polled", tree.watched, tree.polled)
	}
	if len(notices) != 1 || !strings.Contains(agent.HintOf(notices[0]), "sysctl fs.inotify.max_user_watches=") {
		t.Errorf("a person is told %v", notices)
	}
}

// The kernel's queue runs over while the tree is busy: what changed is found by looking.
func TestTreeAfterAnOverflow(t *testing.T) {
	var queue int
	if data, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events"); err == nil {
		queue, _ = strconv.Atoi(strings.TrimSpace(string(data)))
	}
	if queue == 0 || queue > 1<<17 {
		t.Skipf("the queue holds %d events", queue)
	}
	tree := &Tree{Root: newRepo(t)}
	real := gitOf(t, tree.Root)
	asked, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	tree.Git = Git{Tracked: real.Tracked, Ignored: func(ctx context.Context, paths []string) ([]string, error) {
		for _, p := range paths {
			if p == "busy" {
				once.Do(func() { close(asked); <-goOn })
			}
		}
		return real.Ignored(ctx, paths)
	}}
	r := &running{Tree: tree, t: t, changed: make(chan []string), ended: make(chan error, 1), seen: map[string]bool{}, dir: "."}
	ready := make(chan struct{})
	tree.Ready = func() { close(ready) }
	ctx, stop := context.WithCancel(t.Context())
	go func() { r.ended <- tree.Run(ctx, r.changed) }()
	<-ready
	write(t, r.path("busy"), "")
	<-asked
	for i := range queue { // at least two events each: half of them are lost
		write(t, r.path(fmt.Sprintf("storm%d", i%64)), strconv.Itoa(i))
	}
	write(t, r.path("sub/deep/late.go"), "")
	write(t, r.path("made/late/too.go"), "")
	close(goOn)
	patient := time.After(4 * patience)
	for _, want := range []string{"sub/deep/late.go", "made/late/too.go"} {
		for !r.seen[want] {
			select {
			case batch := <-r.changed:
				for _, p := range batch {
					r.seen[p] = true
				}
			case <-patient:
				t.Fatalf("%s was not told", want)
			}
		}
	}
	write(t, r.path("made/late/too.go"), "2")
	clear(r.seen)
	r.await("made/late/too.go")
	stop()
	<-r.ended
}
