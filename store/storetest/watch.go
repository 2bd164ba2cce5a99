package storetest

import (
	"context"

	"codeagent.dev/agent"
)

func watchLaws() []law {
	return []law{
		{name: "watch/changes", rule: "the id of every job that changed since the call is yielded", check: watchChanges},
		{name: "watch/kinds", rule: "submit, claim, record, finish, change and removal are all changes", check: watchKinds},
		{name: "watch/context", rule: "a watch ends with its context's error", check: watchContext},
	}
}

// watching runs a watch in the background and hands out what it yields.
func (w *world) watching() (ids chan agent.ID, stop func() error) {
	ctx, cancel := context.WithCancel(w.ctx)
	watch := w.jobs.Watch(ctx)
	ids = make(chan agent.ID, 1000)
	ended := make(chan error, 1)
	go func() {
		var last error
		for id, err := range watch {
			if err == nil {
				ids <- id
			}
			last = err
		}
		ended <- last
	}()
	return ids, func() error {
		cancel()
		return <-ended
	}
}

func watchChanges(w *world) {
	w.submit()
	ids, stop := w.watching()
	w.settle()
	want := map[agent.ID]bool{2: true, 3: true, 4: true}
	for range want {
		w.submit()
	}
	for len(want) > 0 {
		id := <-ids
		if id == 1 {
			w.Error("job 1 is yielded; it changed before the call")
		}
		delete(want, id)
	}
	w.canceled(stop())
}

func watchKinds(w *world) {
	ids, stop := w.watching()
	w.settle()
	var l agent.Lease
	for _, step := range []struct {
		name string
		do   func()
	}{
		{"submit", func() { w.submit() }},
		{"claim", func() { l = w.claim() }},
		{"record", func() { w.ok(w.queue.Record(w.ctx, l, agent.EventStep, "x")) }},
		{"release", func() { w.ok(w.queue.Release(w.ctx, l)) }},
		{"finish", func() { w.finish(w.claim(), unverified()) }},
		{"pick", func() { w.change(1, pick(1)) }},
		{"remove", func() { w.change(1, remove()) }},
	} {
		for len(ids) > 0 { // hints may be repeated; only those after the step count
			<-ids
		}
		step.do()
		select {
		case <-ids:
		case <-w.ctx.Done():
			w.Fatalf("%s was not told", step.name)
		}
		w.settle()
	}
	w.canceled(stop())
}

func watchContext(w *world) {
	_, stop := w.watching()
	w.settle()
	w.canceled(stop())
}
