package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"codeagent.dev/agent"
	"codeagent.dev/agent/brief"
	"codeagent.dev/agent/maker"
)

// resume finds what the variant goes on from: another one's result and conversation,
// or what another job's maker was shown.
func (v *variant) resume(ctx context.Context) error {
	if v.spec.Kind != agent.Prompt {
		return nil
	}
	if like := v.spec.Like; like.Job != 0 {
		if err := v.resumeLike(ctx, like); err != nil {
			return err
		}
	}
	self := v.self()
	if self.Revises == 0 {
		return nil
	}
	job := v.hold.lease.Job
	before := job.Variants[self.Revises-1]
	turns, err := v.turns(ctx, job, self.Revises)
	if err != nil {
		return err
	}
	if turn := goesOnFrom(turns, before.Commit != ""); turn.Prompt != "" {
		v.talk.past = &maker.Prompt{}
		if err := json.Unmarshal([]byte(turn.Prompt), v.talk.past); err != nil {
			return fmt.Errorf("what %s was sent cannot be read: %w", agent.Ref{Job: job.ID, Variant: self.Revises}, err)
		}
		v.talk.said = turn.Answer
	}
	v.startWith(before.Maker)
	switch {
	case before.Commit != "":
		v.from = before.Commit
		v.talk.heard = "Your edits were applied. A person looked at the result and says:\n\n" + self.Remark + "\n\n" + v.now(ctx)
	case before.Verdict == agent.NeedsInput:
		v.talk.heard = "A person answers:\n\n" + self.Remark
	default:
		v.talk.heard = "Nothing of that was applied. A person says:\n\n" + self.Remark
	}
	return nil
}

// startWith lets the maker be asked first who knows the conversation.
func (v *variant) startWith(name string) {
	if i := slices.IndexFunc(v.makers, func(m maker.Maker) bool { return m.Name() == name }); i > 0 {
		v.makers = slices.Concat(v.makers[i:i+1], v.makers[:i], v.makers[i+1:])
	}
}

func (v *variant) resumeLike(ctx context.Context, like agent.Ref) error {
	job, err := v.cfg.Queue.Job(ctx, like.Job)
	if err != nil {
		return err
	}
	if like.Variant == 0 {
		like.Variant = max(job.Chosen(), 1)
	}
	turns, err := v.turns(ctx, job, like.Variant)
	if err != nil {
		return err
	}
	for _, t := range slices.Backward(turns) {
		if t.Context != "" {
			v.like = &brief.Manifest{}
			return json.Unmarshal([]byte(t.Context), v.like)
		}
	}
	return agent.Errorf(agent.NotFound, "nothing is kept of what the maker of %s was shown", like).
		WithHint("only a model is shown something; an agent reads the files itself")
}

// turns are those of a job's variant, as far as they went when the job was read.
func (v *variant) turns(ctx context.Context, job agent.Job, number int) ([]agent.Turn, error) {
	return job.Turns(v.cfg.Queue.Events(ctx, job.ID, 0), number)
}

// goesOnFrom chooses the turn that a conversation goes on from: the last whose edits are
// in the files, if there are any; else the last that was answered, or the last at all.
func goesOnFrom(turns []agent.Turn, commit bool) agent.Turn {
	wanted := []func(agent.Turn) bool{
		func(t agent.Turn) bool { return commit && t.Verdict.HasCommit() },
		func(t agent.Turn) bool { return t.Answer != "" },
		func(agent.Turn) bool { return true },
	}
	for _, is := range wanted {
		for _, t := range slices.Backward(turns) {
			if is(t) {
				return t
			}
		}
	}
	return agent.Turn{}
}

// Bounds of what a maker is told of the files that it changed, in bytes.
const (
	maxNowFile = 32 << 10
	maxNow     = 96 << 10
)

// now shows the files that were changed so far as they are, because the next edits are
// made against them.
func (v *variant) now(ctx context.Context) string {
	paths, err := v.repo.Changed(ctx, v.spec.Base, v.from)
	if err != nil {
		return ""
	}
	tree, err := v.repo.Snapshot(ctx, v.from)
	if err != nil {
		return ""
	}
	var b strings.Builder
	b.WriteString("Further edits are applied to the files as they are now. Those that were changed:\n\n")
	for _, p := range paths {
		data, err := fs.ReadFile(tree, p)
		switch {
		case err != nil:
			fmt.Fprintf(&b, "%s is gone.\n\n", p)
		case len(data) > maxNowFile || b.Len()+len(data) > maxNow || strings.ContainsRune(string(data), 0):
			fmt.Fprintf(&b, "%s is not shown again.\n\n", p)
		default:
			fmt.Fprintf(&b, "%s\n%s\n", p, brief.Fenced(strings.ToValidUTF8(string(data), "\uFFFD"), ""))
		}
	}
	return b.String()
}
