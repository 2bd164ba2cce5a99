package worker

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"codeagent.dev/agent"
	"codeagent.dev/agent/check"
	"codeagent.dev/agent/proc"
	"codeagent.dev/agent/repo"
)

// prove runs the Spec's checks on the result commit, and on the base where that was
// not done before, and puts what they say into out. It returns what the maker should
// be told before another try; "" when nothing failed.
func (v *variant) prove(ctx context.Context, out *agent.Outcome) (next string) {
	if len(v.spec.Checks) == 0 {
		out.Verdict, out.Reason = agent.Unverified, "no checks are configured"
		if v.spec.NoChecks {
			out.Reason = "checks were switched off"
		}
		return ""
	}
	runs, err := v.runChecks(ctx, out.Commit, v.spec.Checks)
	if err != nil {
		*out = agent.Outcome{Verdict: agent.Failed, Reason: failed(err).Reason, Maker: out.Maker}
		return ""
	}
	base, err := v.baseline(ctx)
	if err != nil {
		*out = agent.Outcome{Verdict: agent.Failed, Reason: "checks on the base: " + failed(err).Reason, Maker: out.Maker}
		return ""
	}
	out.Verdict = agent.Verified
	var bad []string
	var tests tests
	for i, c := range v.spec.Checks {
		result := compare(c, runs[i], base[i])
		out.Checks = append(out.Checks, result)
		diff := check.Compare(base[i].Tests, runs[i].Tests)
		tests.add(diff)
		if !result.Outcome.OK() {
			out.Verdict = agent.ChecksFailed
			name := c.Name
			if said := diff.Summary(); said != "" && runs[i].Tests.Known() {
				name += " (" + said + ")"
			}
			bad = append(bad, name)
			next += fmt.Sprintf("Check %q failed (%s).\n%s\n", c.Name, result.Reason, wrong(runs[i], diff))
		}
	}
	if len(bad) > 0 {
		out.Reason = fmt.Sprintf("%d of %d checks failed: %s", len(bad), len(runs), strings.Join(bad, ", "))
	}
	v.judge(ctx, out, &tests.report)
	return next
}

// maxWrong bounds what a maker is told of one failed check, in bytes.
const maxWrong = 8 << 10

// wrong says what a failed check found: the tests that fail now and did not, where its
// output could be read, and the end of its output else.
func wrong(run checkRun, diff check.Diff) string {
	if run.Tests.Known() {
		if report := diff.Report(maxWrong); report != "" {
			return report
		}
	}
	tail := run.Tail
	if len(tail) > maxWrong {
		tail = strings.ToValidUTF8(tail[len(tail)-maxWrong:], "")
	}
	return "The end of its output:\n" + tail
}

// compare words a check's run on the result against its run on the base.
func compare(c agent.Check, result, base checkRun) agent.CheckResult {
	r := agent.CheckResult{Name: c.Name, Exit: result.Exit, Reason: result.Reason, Took: result.Took, Tail: result.Tail}
	switch {
	case result.NotRun:
		r.Outcome = agent.CheckNotRun
	case result.OK() && base.OK():
		r.Outcome = agent.CheckPassed
	case result.OK():
		r.Outcome = agent.CheckFixed
	case base.OK():
		r.Outcome = agent.CheckBroke
	default:
		r.Outcome = agent.CheckAlready
	}
	return r
}

// checkRun is one run of one check on one tree. It is what the baseline keeps.
type checkRun struct {
	Exit   int            `json:"exit"` // -1: ended by a limit or a signal
	Reason string         `json:"reason,omitempty"`
	NotRun bool           `json:"not_run,omitempty"`
	Took   agent.Duration `json:"took"`
	Tail   string         `json:"tail,omitempty"`
	Tests  check.Tests    `json:"tests,omitzero"` // what its output says, test by test

	ended bool // by itself; a run that a limit ended says nothing of the next one
}

// OK reports whether the check passed.
func (r checkRun) OK() bool { return r.Exit == 0 && !r.NotRun }

// runChecks runs checks one after the other in a check-out of commit.
func (v *variant) runChecks(ctx context.Context, commit string, checks []agent.Check) ([]checkRun, error) {
	tree, err := v.repo.Checkout(ctx, commit)
	if err != nil {
		return nil, err
	}
	defer v.giveBack(tree)
	runs := make([]checkRun, len(checks))
	for i, c := range checks {
		if runs[i], err = v.runCheck(ctx, tree, commit, c); err != nil {
			return nil, err
		}
	}
	return runs, nil
}

// runCheck waits for its turn among all checks of the process and runs one.
func (v *variant) runCheck(ctx context.Context, tree *repo.Checkout, commit string, c agent.Check) (checkRun, error) {
	dir, err := checkDir(tree.Dir, c.Dir)
	if err != nil {
		return checkRun{NotRun: true, Exit: -1, Reason: err.Error()}, nil
	}
	select {
	case v.checking <- struct{}{}:
		defer func() { <-v.checking }()
	case <-ctx.Done():
		return checkRun{}, ctx.Err()
	}
	where := "the result"
	switch commit {
	case v.spec.Base:
		where = "the base"
	case v.hybrid:
		where = "the result with the tests of the base"
	}
	v.step(ctx, "check %q on %s", c.Name, where)
	lines := proc.NewLines(func(text string) { v.hold.record(ctx, agent.EventCheck, text) })
	reader := check.Reader{Dir: tree.Dir}
	limit := c.Time
	setDefault(&limit, v.spec.Limits.Check)
	res, err := proc.Run(ctx, proc.Cmd{
		Shell: c.Run, Dir: dir, Env: proc.Env(v.spec.Env), Time: limit.Std(), Output: v.spec.Limits.Output, Hold: tree.Lock(),
		Sink: func(chunk []byte) {
			lines.Write(chunk)
			_, _ = reader.Write(chunk) // it never fails
		},
	})
	lines.Close()
	if err != nil {
		return checkRun{}, fmt.Errorf("check %q: %w", c.Name, err)
	}
	run := checkRun{Exit: res.Exit, Reason: res.Why, Took: agent.Duration(res.Took), Tests: reader.Tests(), ended: res.Reason == proc.Exited}
	if !run.OK() {
		run.Tail = strings.ToValidUTF8(string(res.Tail), "\uFFFD")
	}
	v.step(ctx, "check %q on %s: %s", c.Name, where, res.Why)
	return run, ctx.Err()
}

// checkDir is where a check runs: a real directory of the tree, by resolved path,
// because a patch may have put a symlink there.
func checkDir(tree, sub string) (string, error) {
	dir, err := filepath.EvalSymlinks(filepath.Join(tree, filepath.FromSlash(sub)))
	if err != nil {
		return "", fmt.Errorf("no directory %s in this tree", sub)
	}
	root, err := filepath.EvalSymlinks(tree)
	if err != nil {
		return "", err
	}
	if rel, err := filepath.Rel(root, dir); err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("%s leads out of the tree", sub)
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "", fmt.Errorf("%s is no directory in this tree", sub)
	}
	return dir, nil
}
