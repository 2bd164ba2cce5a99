package coder

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/coder/acp-go-sdk"
)

// maxCalls bounds the calls of tools that are remembered at a time.
const maxCalls = 4096

// session is our side of a conversation in ACP.
type session struct {
	*run
	fence  fence
	watch  *watch
	frames *frames

	mu      sync.Mutex // one thing at a time, whatever the library does
	over    bool       // nothing is done any more
	session acp.SessionId
	calls   map[acp.ToolCallId]call
	said    strings.Builder // since the last call of a tool
	wrote   string          // a path outside that was written
	hungUp  bool            // the agent ended the conversation, not we
}

// call is a use of a tool.
type call struct {
	title string
	kind  acp.ToolKind
	paths []string // that it names
	shown string   // the line that was logged last
}

func newSession(r *run) *session {
	return &session{run: r, fence: newFence(r.task.Dir), calls: map[acp.ToolCallId]call{}}
}

func (s *session) id() acp.SessionId {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.session
}

func (s *session) opened(id acp.SessionId) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.session = id
}

// close ends the conversation: after it nothing is logged, answered or written.
func (s *session) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flush()
	s.over, s.hungUp = true, s.frames.ended()
	s.report.Said = keep(s.said.String())
	close(s.frames.over)
}

// heard logs what is no message.
func (s *session) heard(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		s.show(line)
	}
}

// handle answers a request of the agent.
func (s *session) handle(_ context.Context, method string, params json.RawMessage) (any, *acp.RequestError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { <-s.frames.slots }()
	if s.over {
		return nil, acp.NewInternalError("the session is over")
	}
	s.watch.progress()
	switch method {
	case acp.ClientMethodSessionRequestPermission:
		return decoded(params, s.permit)
	case acp.ClientMethodFsReadTextFile:
		return decoded(params, s.read)
	case acp.ClientMethodFsWriteTextFile:
		return decoded(params, s.write)
	case acp.ClientMethodElicitationCreate:
		s.report.Refused = refuse(s.report.Refused, "an answer to a question")
	}
	return nil, acp.NewMethodNotFound(method) // we promised no terminals and no forms
}

func decoded[P, R any](params json.RawMessage, answer func(P) (R, *acp.RequestError)) (any, *acp.RequestError) {
	var p P
	if err := json.Unmarshal(params, &p); err != nil {
		return nil, acp.NewInvalidParams(map[string]any{"error": err.Error()})
	}
	r, e := answer(p)
	if e != nil {
		return nil, e
	}
	return r, nil
}

// update shows what the agent says and does. What cannot be read is passed over.
func (s *session) update(params json.RawMessage) {
	var n acp.SessionNotification
	if json.Unmarshal(params, &n) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	switch u := n.Update; {
	case u.AgentMessageChunk != nil:
		if text := u.AgentMessageChunk.Content.Text; text != nil {
			s.say(text.Text)
			if s.said.Len() < 4*maxSaid {
				s.said.WriteString(text.Text)
			}
		}
	case u.AgentThoughtChunk != nil:
	case u.ToolCall != nil:
		t := u.ToolCall
		s.called(t.ToolCallId, acp.ToolCallUpdate{Title: &t.Title, Kind: &t.Kind, Status: &t.Status,
			Locations: t.Locations, Content: t.Content, RawInput: t.RawInput})
	case u.ToolCallUpdate != nil:
		t := u.ToolCallUpdate
		s.called(t.ToolCallId, acp.ToolCallUpdate{Title: t.Title, Kind: t.Kind, Status: t.Status,
			Locations: t.Locations, Content: t.Content, RawInput: t.RawInput})
	case u.Plan != nil:
		var steps []string
		for _, e := range u.Plan.Entries {
			steps = append(steps, mark(e.Status == acp.PlanEntryStatusCompleted)+e.Content)
		}
		s.show("plan: " + oneLine(strings.Join(steps, "; ")))
	default:
		return // commands, modes, usage: no work
	}
	s.watch.progress()
}

// called shows a use of a tool when something new is known of it.
func (s *session) called(id acp.ToolCallId, t acp.ToolCallUpdate) {
	c := s.merged(id, t)
	s.said.Reset()
	line := strings.TrimSpace("> " + c.title)
	status := acp.ToolCallStatusPending
	if t.Status != nil {
		status = *t.Status
	}
	if status == acp.ToolCallStatusFailed {
		line = "! " + c.title + ": failed"
	}
	if line != c.shown && c.title != "" {
		c.shown = line
		s.show(line)
	}
	if status == acp.ToolCallStatusCompleted && writes(c.kind) {
		for _, path := range c.paths {
			if s.wrote == "" && !s.fence.holds(path) {
				s.wrote = path
			}
		}
	}
	if status == acp.ToolCallStatusCompleted || status == acp.ToolCallStatusFailed {
		delete(s.calls, id)
	} else if _, known := s.calls[id]; known || len(s.calls) < maxCalls {
		s.calls[id] = c
	}
}

func writes(k acp.ToolKind) bool {
	return k == acp.ToolKindEdit || k == acp.ToolKindDelete || k == acp.ToolKindMove
}

// merged is what is known of a call with what an update or a request adds.
func (s *session) merged(id acp.ToolCallId, t acp.ToolCallUpdate) call {
	c := s.calls[id]
	if t.Title != nil && *t.Title != "" {
		c.title = oneLine(*t.Title)
	}
	if t.Kind != nil && *t.Kind != "" {
		c.kind = *t.Kind
	}
	if c.title == "" {
		c.title = string(c.kind)
	}
	for _, path := range namedPaths(t) {
		if len(c.paths) < 100 {
			c.paths = append(c.paths, path)
		}
	}
	return c
}

// namedPaths are those a call says it is about: its places, its differences, and the
// arguments of its tool that are paths by their name.
func namedPaths(t acp.ToolCallUpdate) (paths []string) {
	add := func(path string) {
		if path != "" {
			paths = append(paths, path)
		}
	}
	for _, l := range t.Locations {
		add(l.Path)
	}
	for _, c := range t.Content {
		if c.Diff != nil {
			add(c.Diff.Path)
		}
	}
	args, _ := t.RawInput.(map[string]any)
	for name, value := range args {
		switch v := value.(type) {
		case string:
			if pathNames[strings.ToLower(strings.ReplaceAll(name, "_", ""))] {
				add(v)
			}
		case map[string]any:
			if name == "changes" || name == "fileChanges" { // codex: by path
				for path := range v {
					add(path)
				}
			}
		}
	}
	return paths
}

// pathNames are names of arguments, in small letters and without underscores.
var pathNames = map[string]bool{"path": true, "filepath": true, "file": true, "filename": true, "absolutepath": true, "abspath": true,
	"notebookpath": true, "cwd": true, "workdir": true, "workingdirectory": true, "directory": true, "dir": true, "dirpath": true,
	"oldpath": true, "newpath": true, "destination": true, "target": true, "source": true}

// permit answers a request for permission, and this is the whole policy: what names a
// path outside of the directory, or one of a repository's own files, is rejected, once;
// all else is allowed, once. A command that it runs names none but where it runs: to see
// into it is not ours, a sandbox keeps it in.
func (s *session) permit(p acp.RequestPermissionRequest) (acp.RequestPermissionResponse, *acp.RequestError) {
	c := s.merged(p.ToolCall.ToolCallId, p.ToolCall)
	for _, path := range c.paths {
		rel, inside := s.fence.rel(path)
		if inside && !(writes(c.kind) && repository(rel)) {
			continue
		}
		s.reject(fmt.Sprintf("%s outside: %s", verb(c.kind), path), c.title)
		return outcome(p.Options, acp.PermissionOptionKindRejectOnce, acp.PermissionOptionKindRejectAlways), nil
	}
	return outcome(p.Options, acp.PermissionOptionKindAllowOnce, acp.PermissionOptionKindAllowAlways), nil
}

func (s *session) reject(what, title string) {
	s.report.Refused = refuse(s.report.Refused, what)
	s.show("! refused to " + oneLine(what+" ("+title+")"))
}

func verb(k acp.ToolKind) string {
	switch k {
	case acp.ToolKindEdit, acp.ToolKindDelete, acp.ToolKindMove:
		return "write"
	case acp.ToolKindExecute:
		return "run"
	case acp.ToolKindRead, acp.ToolKindSearch:
		return "read"
	}
	return "work"
}

// outcome chooses the first option of the kind that is liked best. Without one the
// request is canceled, which permits nothing.
func outcome(options []acp.PermissionOption, liked ...acp.PermissionOptionKind) acp.RequestPermissionResponse {
	for _, kind := range liked {
		for _, o := range options {
			if o.Kind == kind {
				return acp.RequestPermissionResponse{Outcome: acp.NewRequestPermissionOutcomeSelected(o.OptionId)}
			}
		}
	}
	return acp.RequestPermissionResponse{Outcome: acp.NewRequestPermissionOutcomeCancelled()}
}
