package main

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"codeagent.dev/agent/patch"
	"codeagent.dev/agent/patch/batch"
)

// outcome is what became of a case.
type outcome struct {
	*aCase
	verdict verdict
	took    time.Duration
	result  patch.Result
	got     batch.Tree // what the files are afterwards
	err     error
}

// good reports whether nothing is to be said against the outcome.
func (o *outcome) good() bool { return o.aCase.good(o.verdict) }

// runAll runs the cases with this library, on so many processors at once.
func runAll(cases []*aCase, workers int, detect bool) []*outcome {
	outcomes := make([]*outcome, len(cases))
	parallel(len(cases), workers, func(i int) { outcomes[i] = runCase(cases[i], detect) })
	return outcomes
}

// parallel does n things, so many at the same time.
func parallel(n, workers int, do func(i int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range max(1, workers) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	all.Wait()
}

// runCase runs one case in this process; with detect the library is not told what
// format the text has.
func runCase(c *aCase, detect bool) *outcome {
	o := &outcome{aCase: c, got: c.before}
	opt, err := c.options.Patch()
	if err != nil {
		o.err, o.verdict = err, refused
		return o
	}
	if detect {
		opt.Format = ""
	}
	tree, err := c.before.FS()
	if err != nil {
		o.err, o.verdict = err, refused
		return o
	}
	start := time.Now()
	o.result, o.err = patch.Apply(c.text, tree, opt)
	o.took = time.Since(start)
	if o.err == nil {
		o.got = c.before.With(o.result.Writes)
	}
	o.verdict = judge(c, o.err == nil, o.got)
	return o
}

// reason is the kind of the refusal; empty where there is none.
func (o *outcome) reason() string {
	if e, ok := errors.AsType[*patch.Error](o.err); ok {
		return string(e.Kind)
	}
	if o.err != nil {
		return "input"
	}
	return ""
}

// times are durations in order.
type times []time.Duration

func newTimes(outcomes []*outcome) times {
	var t times
	for _, o := range outcomes {
		t = append(t, o.took)
	}
	slices.Sort(t)
	return t
}

// at returns the duration that this part of all, from 0 to 1, do not exceed.
func (t times) at(part float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	return t[min(int(part*float64(len(t))), len(t)-1)]
}
