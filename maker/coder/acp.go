package coder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/coder/acp-go-sdk"

	"codeagent.dev/agent/proc"
)

const (
	acpPatience = 2 * time.Second // from session/cancel to the end of the process
	acpGrace    = 3 * time.Second // to end after its stdin did
)

// converse runs an agent over the Agent Client Protocol: initialize, session/new,
// session/prompt, and what the agent asks and tells meanwhile.
func (r *run) converse(ctx context.Context) error {
	c, _, done, err := r.prepare()
	if err != nil {
		return err
	}
	defer done()
	s := newSession(r)
	// The process outlives ctx by acpPatience, so that the agent can be told.
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	s.watch = newWatch(r.task.Idle, end)
	c.Grace = acpGrace
	var problem error
	c.Talk = func(in io.WriteCloser, out io.Reader) { problem = s.talk(ctx, end, in, out) }
	res, err := proc.Run(life, c)
	stalled := s.watch.stop()
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil && (problem != nil || res.Reason == proc.Canceled):
		return &Error{Reason: Canceled, Message: "canceled"}
	case stalled && res.Reason == proc.Canceled && s.frames.garbage():
		return s.frames.error()
	case stalled && res.Reason == proc.Canceled:
		return r.stalled(string(res.Tail))
	case res.Reason != proc.Exited && res.Reason != proc.Signaled && res.Reason != proc.Dismissed:
		return r.ended(res)
	}
	return s.verdict(problem, res)
}

// verdict makes the error of a conversation that took its course. Once the turn has
// ended, how the process does is no matter: few have an exit status for the end of stdin.
func (s *session) verdict(problem error, res proc.Result) error {
	if problem == nil && s.wrote != "" {
		return wroteOutside(s.wrote)
	}
	if problem == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](problem); ok {
		return e
	}
	if e, ok := errors.AsType[*acp.RequestError](problem); ok && s.frames.refused() {
		return s.refusal(e)
	}
	if s.frames.garbage() {
		return s.frames.error()
	}
	e := s.agent.blame(lastLine(string(res.Tail)))
	if e.Reason == Failed {
		e.Reason, e.Hint = Protocol, "see its log; does `"+oneLine(strings.Join(s.agent.Argv, " "))+"` speak ACP?"
	}
	what := "the agent ended in the middle of its turn (" + res.Why + ")"
	if !s.hungUp {
		what = "the agent's answer cannot be read (" + oneLine(problem.Error()) + ")"
	}
	e.Message = strings.TrimSuffix(what+": "+e.Message, ": ")
	return e
}

// authRequired is the code of ACP for an agent that nobody has logged in to.
const authRequired = -32000

// refusal makes the error of a request that the agent answered with one.
func (s *session) refusal(e *acp.RequestError) *Error {
	text := e.Message
	switch data := e.Data.(type) {
	case nil:
	case map[string]any:
		for _, key := range []string{"details", "message", "error"} {
			if more, ok := data[key].(string); ok && more != "" {
				text += ": " + more
				break
			}
		}
	case string:
		text += ": " + data
	}
	b := s.agent.blame(text)
	if e.Code == authRequired && b.Reason != Quota {
		b.Reason, b.Hint = NeedsLogin, s.agent.Login
	}
	return b
}

// talk holds the conversation. nil means that the agent ended its turn of itself.
func (s *session) talk(ctx context.Context, end func(), in io.Writer, out io.Reader) error {
	s.frames = newFrames(s, out)
	conn := acp.NewConnection(s.handle, s.frames.writer(in), s.frames)
	conn.SetLogger(slog.New(slog.DiscardHandler))
	s.frames.start()
	defer s.close()
	defer context.AfterFunc(ctx, func() {
		time.AfterFunc(acpPatience, end)
		s.cancel(conn)
	})()
	// Of ctx the requests know nothing: the agent is told of its end, and answers.
	bg := context.WithoutCancel(ctx)
	if err := s.open(bg, conn); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	resp, err := acp.SendRequest[acp.PromptResponse](conn, bg, acp.AgentMethodSessionPrompt, acp.PromptRequest{
		SessionId: s.id(), Prompt: []acp.ContentBlock{acp.TextBlock(s.task.Prompt)},
	})
	if err != nil {
		return err
	}
	return s.stopped(resp)
}

// open begins the conversation and a session.
func (s *session) open(ctx context.Context, conn *acp.Connection) error {
	hello, err := acp.SendRequest[acp.InitializeResponse](conn, ctx, acp.AgentMethodInitialize, acp.InitializeRequest{
		ProtocolVersion: acp.ProtocolVersionNumber,
		ClientCapabilities: acp.ClientCapabilities{
			Fs: acp.FileSystemCapabilities{ReadTextFile: true, WriteTextFile: true},
		},
		ClientInfo: &acp.Implementation{Name: "agent", Version: "1"},
	})
	if err != nil {
		return err
	}
	if hello.ProtocolVersion != acp.ProtocolVersionNumber {
		return &Error{Reason: Protocol,
			Message: fmt.Sprintf("the agent speaks version %d of ACP, not %d", hello.ProtocolVersion, acp.ProtocolVersionNumber),
			Hint:    "install a release of the agent that speaks it"}
	}
	s.watch.progress()
	if err := s.authenticate(ctx, conn, hello); err != nil {
		return err
	}
	session, err := acp.SendRequest[acp.NewSessionResponse](conn, ctx, acp.AgentMethodSessionNew, acp.NewSessionRequest{
		Cwd: s.task.Dir, McpServers: []acp.McpServer{},
	})
	if err != nil {
		return err
	}
	s.opened(session.SessionId)
	s.watch.progress()
	if err := s.mode(ctx, conn, session); err != nil {
		return err
	}
	return s.model(ctx, conn, session)
}

// askingMode is what agents call the mode in which they ask for permission.
const askingMode = "default"

// mode makes the agent ask us, where it has that mode and began in another: one in which
// nobody is asked may refuse instead, or allow all.
func (s *session) mode(ctx context.Context, conn *acp.Connection, session acp.NewSessionResponse) error {
	if session.Modes == nil || session.Modes.CurrentModeId == askingMode {
		return nil
	}
	for _, m := range session.Modes.AvailableModes {
		if m.Id == askingMode {
			_, err := acp.SendRequest[acp.SetSessionModeResponse](conn, ctx, acp.AgentMethodSessionSetMode,
				acp.SetSessionModeRequest{SessionId: session.SessionId, ModeId: m.Id})
			return err
		}
	}
	return nil
}

// authenticate chooses the agent's way to log in with a key, if it is known and the key
// is there. The others need a person.
func (s *session) authenticate(ctx context.Context, conn *acp.Connection, hello acp.InitializeResponse) error {
	for _, m := range hello.AuthMethods {
		if m.Agent == nil {
			continue
		}
		key, known := keyMethods[m.Agent.Id]
		if !known || !s.has(key) {
			continue
		}
		_, err := acp.SendRequest[acp.AuthenticateResponse](conn, ctx, acp.AgentMethodAuthenticate, acp.AuthenticateRequest{MethodId: m.Agent.Id})
		return err
	}
	return nil
}

// keyMethods are the variables that hold the key of an agent's way to log in.
var keyMethods = map[string]string{"gemini-api-key": "GEMINI_API_KEY", "openai-api-key": "OPENAI_API_KEY", "openai": "OPENAI_API_KEY"}

func (s *session) has(key string) bool {
	for _, kv := range s.task.Env {
		if strings.HasPrefix(kv, key+"=") && len(kv) > len(key)+1 {
			return true
		}
	}
	return false
}

// model chooses the model where no argument did.
func (s *session) model(ctx context.Context, conn *acp.Connection, session acp.NewSessionResponse) error {
	s.report.Model = s.agent.Model
	if session.Models != nil && s.agent.Model == "" {
		s.report.Model = oneLine(string(session.Models.CurrentModelId))
	}
	if s.agent.Model == "" || s.agent.names(modelMark) {
		return nil
	}
	_, err := acp.SendRequest[struct{}](conn, ctx, acp.AgentMethodSessionSetModel, acp.UnstableSetSessionModelRequest{
		SessionId: session.SessionId, ModelId: acp.UnstableModelId(s.agent.Model),
	})
	if e, ok := errors.AsType[*acp.RequestError](err); ok && s.frames.refused() {
		return &Error{Reason: Failed, Message: "the agent has no model " + oneLine(s.agent.Model) + ": " + oneLine(e.Message),
			Hint: "name one that it has, or none"}
	}
	return err
}

// cancel tells the agent to end its turn.
func (s *session) cancel(conn *acp.Connection) {
	if id := s.id(); id != "" {
		_ = conn.SendNotification(context.Background(), acp.AgentMethodSessionCancel, acp.CancelNotification{SessionId: id})
	}
}

// stopped maps the reason for which the agent ended its turn.
func (s *session) stopped(resp acp.PromptResponse) error {
	s.report.Stop = oneLine(string(resp.StopReason))
	if u := resp.Usage; u != nil {
		s.report.Usage = Usage{Input: int64(u.InputTokens), Output: int64(u.OutputTokens), Known: true}
		if u.CachedReadTokens != nil {
			s.report.Usage.CacheRead = int64(*u.CachedReadTokens)
		}
		if u.CachedWriteTokens != nil {
			s.report.Usage.CacheWrite = int64(*u.CachedWriteTokens)
		}
	}
	switch resp.StopReason {
	case acp.StopReasonEndTurn:
		return nil
	case acp.StopReasonMaxTokens, acp.StopReasonMaxTurnRequests:
		return &Error{Reason: Failed, Message: "the agent reached its own limit: " + s.report.Stop, Hint: "give it a smaller task"}
	case acp.StopReasonRefusal:
		return &Error{Reason: Failed, Message: "the agent refused the task", Hint: "say it in other words, or name another agent"}
	case acp.StopReasonCancelled:
		return &Error{Reason: Canceled, Message: "the agent canceled its turn"}
	}
	return &Error{Reason: Protocol, Message: "the agent ended its turn for a reason that is not of ACP: " + s.report.Stop}
}
