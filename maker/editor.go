package maker

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/maker/coder"
	"codeagent.dev/agent/maker/model"
	"codeagent.dev/agent/proc"
)

// editor has a coding agent edit the check-out.
type editor struct {
	set   *Set
	agent coder.Agent
}

func (e *editor) Name() string { return e.agent.Name }
func (e *editor) Edits() bool  { return true }

// Make tells the agent the task, or what was wrong with what it did, and lets it work.
// An agent keeps no conversation over its end, so it is told all of it again.
func (e *editor) Make(ctx context.Context, req Request) (Answer, error) {
	prompt := e.prompt(req)
	keepJSON(req, agent.EventPrompt, prompt)
	home, done, err := e.home()
	if err != nil {
		return Answer{}, err
	}
	defer done()
	limits := req.Spec.Limits
	hide := e.hider()
	log := req.Log
	req.Log = func(text string) {
		if log != nil {
			log(hide.Replace(text))
		}
	}
	report, err := e.agent.Run(ctx, coder.Task{
		Dir: req.Dir, Hold: req.Hold, Prompt: prompt.words(), Env: e.env(req.Spec.Env), Home: home,
		Time: limits.Make.Std(), Idle: limits.Idle.Std(), Output: limits.Output, Log: req.Log,
	})
	report.Said = hide.Replace(report.Said)
	if bad, ok := errors.AsType[*coder.Error](err); ok {
		bad.Message = hide.Replace(bad.Message)
	}
	answer := Answer{Said: report.Said, Sent: &prompt, Usage: agent.Usage{Requests: 1, Unpriced: 1}}
	if u := report.Usage; u.Known {
		answer.Usage.Input, answer.Usage.CacheRead, answer.Usage.CacheWrite, answer.Usage.Output = u.Input, u.CacheRead, u.CacheWrite, u.Output
	}
	if report.Said != "" {
		keep(req, agent.EventAnswer, report.Said)
	}
	for _, refused := range report.Refused {
		req.Log("refused: " + refused + "\n")
	}
	return answer, e.failed(err)
}

// home is a HOME of its own for an agent that needs nothing of the user's.
func (e *editor) home() (dir string, done func(), err error) {
	if e.agent.Home {
		return "", func() {}, nil
	}
	if dir, err = os.MkdirTemp("", "agent-home-"); err != nil {
		return "", nil, err
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil // what stays is a temporary file of the system's
}

// minSecret is the length from which a value is hidden: a short one is no key, and stands
// in every second word.
const minSecret = 8

// hider hides the values of the agent's own variables, which hold its keys: the agent may
// be talked into printing them.
func (e *editor) hider() *strings.Replacer {
	var pairs []string
	for _, name := range e.agent.Env {
		if e.set.cfg.Load().Env == nil {
			break
		}
		if value, ok := e.set.cfg.Load().Env(name); ok && len(value) >= minSecret && !strings.Contains(value, "://") {
			pairs = append(pairs, value, "***")
		}
	}
	return strings.NewReplacer(pairs...)
}

// prompt is the conversation with the next thing said.
func (e *editor) prompt(req Request) Prompt {
	p := next(req)
	p.Maker, p.System, p.Format = e.Name(), agentRules, ""
	return p
}

// words is a conversation as one task. What a model was shown is left out: an agent
// reads the files itself.
func (p Prompt) words() string {
	text := ""
	for _, m := range p.Messages {
		switch {
		case m.Keep:
		case m.Role == string(model.Assistant):
			text += "What was answered to that, and is done already as far as it could be applied:\n\n" + clip(m.Text, maxAnswered) + "\n\n"
		default:
			text += m.Text + "\n\n"
		}
	}
	return text + p.System
}

// maxAnswered bounds what an agent is told again of an earlier answer, in bytes.
const maxAnswered = 4 << 10

func clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return text[:limit/2] + "\n…\n" + text[len(text)-limit/2:]
}

// env is the environment of the agent: that of every command, and the variables with
// its keys, which are the daemon's own.
func (e *editor) env(asked map[string]string) []string {
	var more []string
	for _, name := range e.agent.Env {
		if e.set.cfg.Load().Env == nil {
			break
		}
		if value, ok := e.set.cfg.Load().Env(name); ok {
			more = append(more, name+"="+value)
		}
	}
	path := asked["PATH"]
	if found := e.set.path(); found != "" {
		if path != "" {
			path += string(os.PathListSeparator)
		}
		more = append(more, "PATH="+path+found)
	}
	return proc.Env(asked, more...)
}

// agentRests are for how long an agent is left alone after an end that is its own.
var agentRests = map[coder.Reason]time.Duration{
	coder.NotFound: 30 * time.Second, coder.NeedsLogin: time.Minute, coder.Quota: 5 * time.Minute,
}

// failed words an agent's end as a maker's.
func (e *editor) failed(err error) error {
	bad, ok := errors.AsType[*coder.Error](err)
	if !ok {
		return err
	}
	end := &Error{Verdict: agent.Failed, Reason: e.Name() + ": " + bad.Message, Hint: bad.Hint}
	switch bad.Reason {
	case coder.Canceled:
		return canceled("canceled")
	case coder.Asks:
		end.Verdict = agent.NeedsInput
	case coder.Outside:
		end.Verdict = agent.Refused
	default:
		end.Own, end.Rest = true, max(agentRests[bad.Reason], bad.RetryAfter)
	}
	return end
}
