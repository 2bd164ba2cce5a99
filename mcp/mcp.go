// Package mcp lets another agent hand over work: a server of the Model Context Protocol
// with one tool for each thing that can be done with a job. What needs a repository or a
// person's settings is handed in as functions; the rest is done with an agent.Jobs.
package mcp

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"codeagent.dev/agent"
)

// Config is what the tools work with. Everything but Apply is required.
type Config struct {
	In      io.Reader // one message of JSON a line
	Out     io.Writer // likewise; nothing else may write to it
	Version string    // of this program

	// Jobs returns the queue. It is asked with every call, because a client stays for
	// days, and the daemon may be another by then.
	Jobs func(context.Context) (agent.Jobs, error)

	// Spec turns what was asked for into a Spec: the repository, the settings, the
	// environment.
	Spec func(context.Context, Ask) (agent.Spec, error)

	// Diff returns the result that ref means as a patch. Without a variant it is the
	// chosen one.
	Diff func(ctx context.Context, ref agent.Ref) (Diff, error)

	// Apply puts a result into the work tree its job came from. Nil: there is no such
	// tool.
	Apply func(ctx context.Context, ref agent.Ref, how How) (Applied, error)
}

// Ask is what a client asks for. Exactly one of Text, Run and Diff is not empty.
type Ask struct {
	Kind      agent.Kind
	Text      string // by Kind: words, a patch, a command
	Dir       string // a directory in the repository; "": where the server was started
	Base      string // a revision; "": HEAD
	Variants  int    // 0: as configured, as all that follows
	Tries     int
	Checks    []string
	NoChecks  bool
	Paths     []string // from Dir
	Makers    []string
	Until     agent.Until
	MaxTokens int64
	MaxUSD    float64
	Title     string
	Priority  int
	Group     string
	Labels    []string
	After     []agent.ID
	Key       string
}

// Diff is a result as a patch.
type Diff struct {
	Job     agent.Job
	Variant agent.Variant
	Files   []File
	Text    []byte
}

// File is one file of a patch.
type File struct {
	Path    string `json:"path"`
	Old     string `json:"old,omitempty" jsonschema:"the name before, of a renamed file"`
	Op      string `json:"op"`
	Added   int    `json:"added"`
	Removed int    `json:"removed"`
	Binary  bool   `json:"binary,omitempty"`
}

// How says how a result is to be applied.
type How struct {
	Check    bool // only say whether it could be
	ThreeWay bool // merge with local changes
}

// Applied is what became of a result that was applied.
type Applied struct {
	Ref     agent.Ref
	Verdict agent.Verdict
	Where   string // the work tree
	Files   []AppliedFile
}

// AppliedFile is one file of it.
type AppliedFile struct {
	Path string `json:"path"`
	Op   string `json:"op" jsonschema:"add, modify or delete"`
	How  string `json:"how" jsonschema:"written, merged or already there"`
}

const instructions = `agent is a patch queue. Hand it a change with submit: in words, as a shell command that edits
the files, or as a ready diff. It is made on a commit, away from the person's work tree, and proved by the
repository's own checks. Then wait for the verdict, look at the result with show and diff. Only "verified"
means that every check passed. Uncommitted work is not seen: a job starts from its base commit.`

// maxMessage bounds one message of a client, in bytes.
const maxMessage = 16 << 20

// Serve answers one client until it goes away, which is no error, or ctx ends, whose
// error it returns. What is no message (malformed, longer than 16 MiB) ends it with an
// Invalid error. Calls run side by side, and have ended when it returns.
func Serve(ctx context.Context, cfg Config) error {
	ctx, stop := context.WithCancel(ctx)
	server := mcp.NewServer(&mcp.Implementation{Name: "agent", Title: "agent, a patch queue", Version: cfg.Version}, &mcp.ServerOptions{
		Instructions: instructions,
		Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}},
	})
	s := &service{Config: cfg}
	s.addLooks(server)
	s.addActs(server)
	defer s.calls.Wait() // an apply must come to its end
	defer stop()
	err := server.Run(ctx, &mcp.IOTransport{Reader: io.NopCloser(cfg.In), Writer: kept{cfg.Out}, MaxLineLength: maxMessage})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil, errors.Is(err, mcp.ErrConnectionClosed), errors.Is(err, io.EOF):
		return nil
	}
	return agent.Errorf(agent.Invalid, "what the client sent is no message of the protocol: %w", err).
		WithHint("this is for programs that speak the Model Context Protocol: claude mcp add agent -- agent mcp")
}

// kept is a writer that its user must not close.
type kept struct{ io.Writer }

func (kept) Close() error { return nil }

type service struct {
	Config
	calls sync.WaitGroup
}

// add adds a tool. What its function returns as an error is the tool's answer, with the
// hint, so that whoever called can do better.
func add[In, Out any](s *service, server *mcp.Server, tool *mcp.Tool, do func(context.Context, *mcp.CallToolRequest, In) (Out, string, error)) {
	mcp.AddTool(server, tool, func(ctx context.Context, req *mcp.CallToolRequest, in In) (*mcp.CallToolResult, Out, error) {
		s.calls.Add(1)
		defer s.calls.Done()
		out, text, err := do(ctx, req, in)
		if err != nil {
			return nil, out, told(err)
		}
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}}, out, nil
	})
}

// told is an error as a client reads it. A command of the hint is one of the shell, so
// that it says where it belongs.
func told(err error) error {
	var b strings.Builder
	b.WriteString(clip(err.Error(), maxField))
	if code := agent.CodeOf(err); code != agent.Internal {
		b.WriteString(" (" + string(code) + ")")
	}
	if hint := agent.HintOf(err); hint != "" {
		b.WriteString("\nhint, for a shell: " + clip(hint, maxField))
	}
	return errors.New(b.String())
}

// reads and writes mark tools for clients that ask a person before some of them.
func reads(title string) *mcp.ToolAnnotations {
	no := false
	return &mcp.ToolAnnotations{Title: title, ReadOnlyHint: true, IdempotentHint: true, OpenWorldHint: &no}
}

func writes(title string, destroys, open bool) *mcp.ToolAnnotations {
	return &mcp.ToolAnnotations{Title: title, DestructiveHint: &destroys, OpenWorldHint: &open}
}
