package codertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/coder/acp-go-sdk"
)

// serve is the agent as a program.
func serve(b Behaviour) int {
	switch b {
	case Garbage, Flood:
		fmt.Println("Welcome! This is no protocol.")
		for b == Flood {
			fmt.Println("{}")
		}
		forever()
	case HangSilent:
		forever()
	}
	a := &agent{does: b, ready: make(chan struct{}), canceled: make(chan struct{})}
	a.conn = acp.NewConnection(a.handle, os.Stdout, os.Stdin)
	a.conn.SetLogger(slog.New(slog.DiscardHandler))
	close(a.ready)
	<-a.conn.Done()
	if b == Linger {
		forever()
	}
	return 0
}

// forever sleeps, since a Go program in which all wait is ended as a deadlock.
func forever() {
	for {
		time.Sleep(time.Hour)
	}
}

type agent struct {
	does     Behaviour
	dir      string
	conn     *acp.Connection
	ready    chan struct{} // closed when conn is set
	canceled chan struct{}
}

const session acp.SessionId = "s1"

func (a *agent) handle(ctx context.Context, method string, params json.RawMessage) (any, *acp.RequestError) {
	<-a.ready
	switch method {
	case acp.AgentMethodInitialize:
		version := acp.ProtocolVersion(acp.ProtocolVersionNumber)
		if a.does == Version {
			version = 99
		}
		return acp.InitializeResponse{ProtocolVersion: version, AuthMethods: []acp.AuthMethod{}}, nil
	case acp.AgentMethodSessionNew:
		if a.does == Login {
			return nil, acp.NewAuthRequired(nil)
		}
		var p acp.NewSessionRequest
		if err := json.Unmarshal(params, &p); err != nil {
			return nil, acp.NewInvalidParams(err.Error())
		}
		a.dir = p.Cwd
		return acp.NewSessionResponse{SessionId: session}, nil
	case acp.AgentMethodSessionPrompt:
		return a.prompt(ctx)
	case acp.AgentMethodSessionCancel:
		close(a.canceled)
		return nil, nil
	}
	return nil, acp.NewMethodNotFound(method)
}

func (a *agent) prompt(ctx context.Context) (any, *acp.RequestError) {
	stop := acp.StopReasonEndTurn
	var err error
	switch a.does {
	case Hang:
		a.say("thinking about it")
		<-a.canceled
		a.say("stopping")
		stop = acp.StopReasonCancelled
	case Quit:
		a.say("let me see")
		fmt.Fprintln(os.Stderr, "panic: out of ideas")
		os.Exit(3)
	case Limit:
		return nil, acp.NewInternalError(map[string]any{"details": "429 Too Many Requests: try again in 20s"})
	case Question:
		a.say("I see two files.\nWhich of them do you mean?")
	case Refuse:
		stop = acp.StopReasonRefusal
	case Mistyped:
		return []string{"done"}, nil
	case Nothing:
		a.say("All is well already.")
	default:
		err = a.work(ctx)
	}
	if err != nil {
		return nil, acp.NewInternalError(map[string]any{"details": err.Error()})
	}
	cached := 5
	return acp.PromptResponse{StopReason: stop, Usage: &acp.Usage{InputTokens: 100, OutputTokens: 7, CachedReadTokens: &cached, TotalTokens: 112}}, nil
}

// work edits in one way or another.
func (a *agent) work(ctx context.Context) error {
	switch a.does {
	case AskInside:
		return a.ask(ctx, acp.ToolKindEdit, filepath.Join(a.dir, "style.css"), nil, a.edit)
	case AskRun:
		return a.ask(ctx, acp.ToolKindExecute, "", map[string]any{"command": "sed -i s/blue/red/ style.css"}, a.edit)
	case AskOutside:
		path := filepath.Join(filepath.Dir(a.dir), "outside.txt")
		if err := a.ask(ctx, acp.ToolKindEdit, path, nil, func() error { return os.WriteFile(path, nil, 0o600) }); err != nil {
			return err
		}
		return a.edit()
	case Write:
		return a.writeFile(ctx)
	case WriteOutside:
		a.writeOutside(ctx)
	case Outside:
		path := filepath.Join(filepath.Dir(a.dir), "outside.txt")
		a.update(acp.StartToolCall("t1", "Write outside.txt", acp.WithStartKind(acp.ToolKindEdit), acp.WithStartLocations([]acp.ToolCallLocation{{Path: path}})))
		a.update(acp.UpdateToolCall("t1", acp.WithUpdateStatus(acp.ToolCallStatusCompleted)))
		return os.WriteFile(path, []byte("x"), 0o600)
	case Fork:
		cmd := exec.Command("setsid", "sleep", "1000")
		if err := cmd.Start(); err != nil {
			return err
		}
		a.say(fmt.Sprintf("left %d\n", cmd.Process.Pid))
	case Commit:
		for _, args := range []string{"init -q", "add -A", "-c user.name=a -c user.email=a@b commit -qm mine"} {
			cmd := exec.CommandContext(ctx, "git", strings.Fields(args)...)
			cmd.Dir = a.dir
			if out, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
		}
	case Notify:
		for i := range 3000 {
			_ = a.conn.SendNotification(ctx, "fake/notify/usage", map[string]any{"n": i})
			a.say("x")
		}
		_ = a.conn.SendNotification(ctx, acp.ClientMethodSessionUpdate, map[string]any{"sessionId": 7, "update": "?"})
		a.say("\n")
	}
	return a.edit()
}

func (a *agent) edit() error {
	path := filepath.Join(a.dir, "style.css")
	a.update(acp.StartToolCall("e1", "Edit style.css", acp.WithStartKind(acp.ToolKindEdit), acp.WithStartLocations([]acp.ToolCallLocation{{Path: path}})))
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	err = os.WriteFile(path, []byte(strings.ReplaceAll(string(text), "blue", "red")), 0o600)
	a.update(acp.UpdateToolCall("e1", acp.WithUpdateStatus(acp.ToolCallStatusCompleted)))
	a.say("The buttons ")
	a.say("are red now.")
	return err
}

// ask does something when it is permitted.
func (a *agent) ask(ctx context.Context, kind acp.ToolKind, path string, input any, do func() error) error {
	call := acp.ToolCallUpdate{ToolCallId: "p1", Title: acp.Ptr("Do " + string(kind)), Kind: &kind, RawInput: input}
	if path != "" {
		call.Locations = []acp.ToolCallLocation{{Path: path}}
	}
	resp, err := acp.SendRequest[acp.RequestPermissionResponse](a.conn, ctx, acp.ClientMethodSessionRequestPermission, acp.RequestPermissionRequest{
		SessionId: session, ToolCall: call, Options: []acp.PermissionOption{
			{Kind: acp.PermissionOptionKindAllowAlways, Name: "Always", OptionId: "always"},
			{Kind: acp.PermissionOptionKindAllowOnce, Name: "Once", OptionId: "once"},
			{Kind: acp.PermissionOptionKindRejectOnce, Name: "No", OptionId: "no"},
		},
	})
	switch {
	case err != nil:
		return err
	case resp.Outcome.Selected == nil:
		return errors.New("canceled")
	case resp.Outcome.Selected.OptionId == "once":
		return do()
	case resp.Outcome.Selected.OptionId == "no":
		return nil
	}
	return fmt.Errorf("unexpected %s", resp.Outcome.Selected.OptionId)
}

func (a *agent) writeFile(ctx context.Context) error {
	path := filepath.Join(a.dir, "style.css")
	resp, err := acp.SendRequest[acp.ReadTextFileResponse](a.conn, ctx, acp.ClientMethodFsReadTextFile, acp.ReadTextFileRequest{SessionId: session, Path: path})
	if err != nil {
		return err
	}
	_, err = acp.SendRequest[acp.WriteTextFileResponse](a.conn, ctx, acp.ClientMethodFsWriteTextFile,
		acp.WriteTextFileRequest{SessionId: session, Path: path, Content: strings.ReplaceAll(resp.Content, "blue", "red")})
	if err != nil {
		return err
	}
	_, err = acp.SendRequest[acp.WriteTextFileResponse](a.conn, ctx, acp.ClientMethodFsWriteTextFile,
		acp.WriteTextFileRequest{SessionId: session, Path: filepath.Join(a.dir, "new", "deep", "file.txt"), Content: "new\n"})
	return err
}

// writeOutside says of each path that it tries how that went.
func (a *agent) writeOutside(ctx context.Context) {
	for _, path := range []string{"/nowhere/x", filepath.Join(a.dir, "..", "outside.txt"), filepath.Join(a.dir, ".git", "hooks", "pre-commit"),
		filepath.Join(a.dir, "link", "x"), filepath.Join(a.dir, "dangling")} {
		_, err := acp.SendRequest[acp.WriteTextFileResponse](a.conn, ctx, acp.ClientMethodFsWriteTextFile,
			acp.WriteTextFileRequest{SessionId: session, Path: path, Content: "x"})
		if err == nil {
			a.say("wrote " + path + "\n")
		}
		_, err = acp.SendRequest[acp.ReadTextFileResponse](a.conn, ctx, acp.ClientMethodFsReadTextFile, acp.ReadTextFileRequest{SessionId: session, Path: path})
		if err == nil {
			a.say("read " + path + "\n")
		}
	}
}

func (a *agent) say(text string) { a.update(acp.UpdateAgentMessageText(text)) }

func (a *agent) update(u acp.SessionUpdate) {
	_ = a.conn.SendNotification(context.Background(), acp.ClientMethodSessionUpdate, acp.SessionNotification{SessionId: session, Update: u})
}
