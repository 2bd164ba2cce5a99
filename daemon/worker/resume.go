package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
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
	kept, err := v.kept(ctx, job, self.Revises)
	if err != nil {
		return err
	}
	if kept.prompt != "" {
		v.talk.past = &maker.Prompt{}
		if err := json.Unmarshal([]byte(kept.prompt), v.talk.past); err != nil {
			return fmt.Errorf("what %s was sent cannot be read: %w", agent.Ref{Job: job.ID, Variant: self.Revises}, err)
		}
		v.talk.said = kept.answer
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
	for i, m := range v.makers {
		if m.Name() == name {
			v.makers = append([]maker.Maker{m}, append(append([]maker.Maker{}, v.makers[:i]...), v.makers[i+1:]...)...)
			return
		}
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
	kept, err := v.kept(ctx, job, like.Variant)
	if err != nil {
		return err
	}
	if kept.context == "" {
		return agent.Errorf(agent.NotFound, "nothing is kept of what the maker of %s was shown", like).
			WithHint("only a model is shown something; an agent reads the files itself")
	}
	v.like = &brief.Manifest{}
	return json.Unmarshal([]byte(kept.context), v.like)
}

// keptTexts are the last of each that a variant's events hold.
type keptTexts struct {
	context, prompt, answer string

	// The same of the last try that was answered, and of the last that made a commit.
	answered, applied [2]string
}

// settle chooses the turn that a conversation goes on from: the one whose edits are in
// the files, if there are any.
func (k *keptTexts) settle(commit bool) {
	switch {
	case commit && k.applied[0] != "":
		k.prompt, k.answer = k.applied[0], k.applied[1]
	case k.answer == "" && k.answered[0] != "":
		k.prompt, k.answer = k.answered[0], k.answered[1]
	}
}

// kept reads them from the events that there were when job was read.
func (v *variant) kept(ctx context.Context, job agent.Job, number int) (k keptTexts, err error) {
	if job.Events == 0 {
		return k, nil
	}
	var last agent.EventType
	for e, err := range v.cfg.Queue.Events(ctx, job.ID, 0) {
		if err != nil {
			return k, err
		}
		if e.Variant == number {
			k.take(e, e.Type == last)
			last = e.Type
		}
		if e.Seq >= job.Events {
			break
		}
	}
	k.settle(job.Variants[number-1].Commit != "")
	return k, nil
}

// take files one event. goesOn: it is the next part of a long text.
func (k *keptTexts) take(e agent.Event, goesOn bool) {
	var text *string
	switch e.Type {
	case agent.EventContext:
		text = &k.context
	case agent.EventPrompt:
		text, k.answer = &k.prompt, ""
	case agent.EventAnswer:
		text = &k.answer
	case agent.EventAttempt:
		if agent.Verdict(e.Text).HasCommit() && k.prompt != "" {
			k.applied = [2]string{k.prompt, k.answer}
		}
		return
	default:
		return
	}
	if !goesOn {
		*text = ""
	}
	*text += e.Text
	if e.Type == agent.EventAnswer {
		k.answered = [2]string{k.prompt, k.answer}
	}
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
			fence := "```"
			for strings.Contains(string(data), fence) {
				fence += "`"
			}
			text := strings.ToValidUTF8(string(data), "\uFFFD")
			if !strings.HasSuffix(text, "\n") {
				text += "\n"
			}
			fmt.Fprintf(&b, "%s\n%s\n%s%s\n\n", p, fence, text, fence)
		}
	}
	return b.String()
}
