package worker

import (
	"context"
	"errors"

	"codeagent.dev/agent"
	"codeagent.dev/agent/check"
	"codeagent.dev/agent/patch"
	"codeagent.dev/agent/repo"
)

// maxNames bounds the tests that a report names.
const maxNames = 50

// tests adds up what the checks of a result say of single tests.
type tests struct{ report agent.TestReport }

func (t *tests) add(d check.Diff) {
	for _, f := range d.New {
		if len(t.report.New) < maxNames {
			t.report.New = append(t.report.New, f.ID)
		}
	}
	for _, f := range d.Fixed {
		if len(t.report.Fixed) < maxNames {
			t.report.Fixed = append(t.report.Fixed, f.ID)
		}
	}
	t.report.Still += len(d.Still) + len(d.Changed)
}

// judge looks at what a result does to the tests that judge it, and lets the base's
// version of them judge it as well. A ready diff is a person's own: it is not looked at.
func (v *variant) judge(ctx context.Context, out *agent.Outcome, report *agent.TestReport) {
	if v.spec.Kind != agent.Diff {
		files, whole := v.changes(ctx, out.Commit)
		if !whole {
			report.Findings = append(report.Findings, unread("not all changed files could be looked at"))
		}
		var seen []check.Change
		for _, f := range files {
			seen = append(seen, check.Change{Path: f.path, Old: f.old, New: f.new})
		}
		for _, f := range check.Tampering(seen) {
			report.Findings = append(report.Findings, agent.Finding{Kind: string(f.Kind), Path: f.Path, Line: f.Line, Text: f.Text, Warning: f.Warning})
		}
		if out.Verdict == agent.Verified { // else there is nothing to doubt
			if err := v.secondVerdict(ctx, out.Commit, files, report); err != nil {
				v.step(ctx, "no second verdict with the tests of the base: %v", err)
				report.Findings = append(report.Findings, unread("there is no second verdict with the base's version of the tests"))
			}
		}
	}
	if doubt := doubtful(report); doubt != "" && out.Verdict == agent.Verified {
		out.Reason = doubt
	}
	if len(report.New) > 0 || len(report.Fixed) > 0 || report.Still > 0 || len(report.Findings) > 0 || report.OnBase != "" {
		out.Tests = report
	}
}

// unread is the finding that something could not be looked at: silence would be taken
// for a good sign.
func unread(text string) agent.Finding {
	return agent.Finding{Kind: "unread", Path: ".", Text: text, Warning: true}
}

// doubtful says what a person should know of a result whose checks pass.
func doubtful(report *agent.TestReport) string {
	if report.OnBase == agent.ChecksFailed {
		return "passes with its own version of the tests, and fails with the base's"
	}
	switch report.Warnings() {
	case 0:
		return ""
	case 1:
		return "passes, but it may have made a test or check weaker"
	}
	return "passes, but it may have made tests or checks weaker"
}

// secondVerdict runs the checks on the result with the base's version of the test files
// that it changed or removed. Files that it added stay: the base has no version of them.
func (v *variant) secondVerdict(ctx context.Context, commit string, files []changed, report *agent.TestReport) error {
	var back []patch.Write
	for _, f := range files {
		if f.old != nil && check.IsTest(f.path) {
			back = append(back, patch.Write{Path: f.path, Mode: f.mode, Data: f.old})
		}
	}
	if len(back) == 0 {
		return nil
	}
	res, err := v.repo.Commit(ctx, repo.Change{Base: v.spec.Base, From: commit, Writes: back, Message: v.message(), Author: v.spec.Author})
	if errors.Is(err, repo.ErrNoChange) {
		return nil // nothing but tests was changed
	}
	if err != nil {
		return err
	}
	v.hybrid = res.Commit
	runs, err := v.runChecks(ctx, res.Commit, v.spec.Checks)
	if err != nil {
		return err
	}
	report.OnBase = agent.Verified
	for _, r := range runs {
		if !r.OK() {
			report.OnBase = agent.ChecksFailed
		}
	}
	return nil
}
