package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const mcpPatience = 90 * time.Second

// mcpClient is another agent, which has started the built binary.
type mcpClient struct {
	*mcp.ClientSession
	w    *world
	told chan string // progress
}

func (w *world) mcp(args ...string) *mcpClient {
	w.t.Helper()
	c := &mcpClient{w: w, told: make(chan string, 1000)}
	client := mcp.NewClient(&mcp.Implementation{Name: "another"}, &mcp.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, req *mcp.ProgressNotificationClientRequest) { c.told <- req.Params.Message },
	})
	ctx, stop := context.WithTimeout(w.t.Context(), mcpPatience)
	defer stop()
	cmd := w.command(w.bin, append([]string{"mcp"}, args...)...)
	cmd.Stderr = os.Stderr
	var err error
	if c.ClientSession, err = client.Connect(ctx, &mcp.CommandTransport{Command: cmd}, nil); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { c.Close() }) // closed already by some
	return c
}

// call calls a tool that must do what it is for, and decodes its answer.
func (c *mcpClient) call(into any, tool string, args map[string]any) string {
	c.w.t.Helper()
	text, ok := c.try(into, tool, args)
	if !ok {
		c.w.t.Fatalf("%s %v: %s", tool, args, text)
	}
	return text
}

func (c *mcpClient) try(into any, tool string, args map[string]any) (text string, ok bool) {
	c.w.t.Helper()
	ctx, stop := context.WithTimeout(c.w.t.Context(), mcpPatience)
	defer stop()
	params := &mcp.CallToolParams{Name: tool, Arguments: args}
	params.SetProgressToken(tool)
	res, err := c.CallTool(ctx, params)
	if err != nil {
		c.w.t.Fatalf("%s %v: %v", tool, args, err)
	}
	for _, part := range res.Content {
		text += part.(*mcp.TextContent).Text
	}
	if into != nil && !res.IsError {
		data, err := json.Marshal(res.StructuredContent)
		if err == nil {
			err = json.Unmarshal(data, into)
		}
		if err != nil {
			c.w.t.Fatalf("%s: %v in %s", tool, err, data)
		}
	}
	return text, !res.IsError
}

// TestMCPRound hands over work as another agent does, from the words to the files.
func TestMCPRound(t *testing.T) {
	w := newWorld(t)
	w.write("a.txt", "old\n", ".agent.yaml", "checks:\n  - grep -q new a.txt\n")
	w.commit("first")
	c := w.mcp("--allow-apply")

	var job struct{ ID, State, Repo string }
	c.call(&job, "submit", map[string]any{"run": "echo new > a.txt"})
	if job.ID != "1" || job.State != "queued" {
		t.Fatalf("submit: %+v", job)
	}
	var waited struct {
		Done bool
		Jobs []struct{ ID, Verdict string }
	}
	c.call(&waited, "wait", map[string]any{"ids": []string{"1"}, "timeout_seconds": 60})
	if !waited.Done || waited.Jobs[0].Verdict != "verified" {
		t.Fatalf("wait: %+v", waited)
	}
	var shown struct {
		Verdict, Chosen, Text string
		Variants              []struct {
			Ref    string
			Checks []struct{ Name, Outcome string }
		}
	}
	c.call(&shown, "show", map[string]any{"id": "1"})
	if shown.Chosen != "1/1" || shown.Text != "echo new > a.txt" || shown.Variants[0].Checks[0].Outcome != "fixed" {
		t.Errorf("show: %+v", shown)
	}
	var diff struct {
		Patch string
		Files []struct{ Path string }
	}
	c.call(&diff, "diff", map[string]any{"id": "1"})
	if !strings.Contains(diff.Patch, "\n-old\n+new\n") || diff.Files[0].Path != "a.txt" {
		t.Errorf("diff: %+v", diff)
	}
	c.call(nil, "apply", map[string]any{"id": "1", "check": true})
	if text, err := os.ReadFile(filepath.Join(w.repo, "a.txt")); string(text) != "old\n" {
		t.Errorf("check alone wrote %q (%v)", text, err)
	}
	c.call(nil, "apply", map[string]any{"id": "1"})
	if text, err := os.ReadFile(filepath.Join(w.repo, "a.txt")); string(text) != "new\n" {
		t.Errorf("apply wrote %q (%v)", text, err)
	}
	var list struct {
		Jobs []struct{ ID, Verdict string }
		More bool
	}
	c.call(&list, "list", map[string]any{"verdict": "verified"})
	if len(list.Jobs) != 1 || list.More {
		t.Errorf("list: %+v", list)
	}
	if via := w.job("1").Spec.Origin.Via; via != "mcp" {
		t.Errorf("the job came via %q", via)
	}
	w.ok("undo", "1")
}

// TestMCPAnswersToMistakes: each says what is wrong and what helps, and the server goes on.
func TestMCPAnswersToMistakes(t *testing.T) {
	w := newWorld(t)
	w.write("a.txt", "old\n")
	w.commit("first")
	c := w.mcp()
	for _, m := range []struct {
		tool string
		args map[string]any
		says string
	}{
		{"submit", map[string]any{}, "exactly one is needed"},
		{"submit", map[string]any{"run": "true", "text": "words"}, "2 of text, run and diff"},
		{"submit", map[string]any{"run": "true", "dir": "/does/not/exist"}, "/does/not/exist"},
		{"submit", map[string]any{"run": "true", "base": "nowhere"}, "nowhere"},
		{"submit", map[string]any{"run": "true", "variants": 99}, "99 variants"},
		{"submit", map[string]any{"run": "true", "until": "dawn"}, "dawn"},
		{"submit", map[string]any{"run": strings.Repeat("x", 8<<20)}, ""},
		{"show", map[string]any{"id": "99"}, "no job 99 (not_found)\nhint, for a shell: agent list"},
		{"show", map[string]any{"id": "../x"}, "no job id"},
		{"show", map[string]any{}, "id"},
		{"show", map[string]any{"id": 1}, "string"},
		{"diff", map[string]any{"id": "99"}, "no job 99"},
		{"wait", map[string]any{"ids": []string{}}, "0 jobs named"},
		{"wait", map[string]any{"ids": []string{"99"}}, "no job 99"},
		{"wait", map[string]any{"ids": []string{"99"}, "timeout_seconds": -1}, "not between"},
		{"cancel", map[string]any{"id": "1/1"}, "whole job"},
		{"list", map[string]any{"state": "sleeping"}, "sleeping"},
		{"list", map[string]any{"limit": 100000}, "between 1 and 100"},
	} {
		text, ok := c.try(nil, m.tool, m.args)
		if m.says == "" {
			continue // taken or refused: the server must live
		}
		if ok || !strings.Contains(text, m.says) {
			t.Errorf("%s %.60v: %.300q does not say %q", m.tool, m.args, text, m.says)
		}
		if len(text) > 10_000 {
			t.Errorf("%s %.60v: an answer of %d bytes", m.tool, m.args, len(text))
		}
	}
	tools, err := c.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, tool := range tools.Tools {
		names = append(names, tool.Name)
		if tool.OutputSchema == nil || tool.InputSchema == nil || tool.Description == "" || tool.Annotations == nil {
			t.Errorf("%s does not say all that a client needs", tool.Name)
		}
	}
	if got := strings.Join(names, " "); got != "cancel diff list show submit wait" {
		t.Errorf("without --allow-apply the tools are %s", got)
	}
	if _, err := c.CallTool(t.Context(), &mcp.CallToolParams{Name: "apply", Arguments: map[string]any{"id": "1"}}); err == nil {
		t.Error("a tool that is not offered was called")
	}
}

// TestMCPTellsProgressAndGivesUp: a wait whose time runs out is no error, the job goes on,
// and an old daemon's end is not the server's.
func TestMCPTellsProgressAndGivesUp(t *testing.T) {
	w := newWorld(t)
	w.write("a.txt", "old\n")
	w.commit("first")
	c := w.mcp()
	c.call(nil, "submit", map[string]any{"run": "sleep 300"})
	var waited struct {
		Done bool
		Jobs []struct{ State string }
	}
	text := c.call(&waited, "wait", map[string]any{"ids": []string{"1"}, "timeout_seconds": 1})
	if waited.Done || !strings.Contains(text, "call wait again") {
		t.Errorf("%+v %q", waited, text)
	}
	w.ok("daemon", "stop")
	var job struct{ State, Verdict string }
	c.call(&job, "cancel", map[string]any{"id": "1"})
	c.call(&waited, "wait", map[string]any{"ids": []string{"1"}})
	if !waited.Done {
		t.Errorf("canceled, and not done: %+v", waited)
	}
	c.call(nil, "submit", map[string]any{"run": "echo new > a.txt"})
	c.call(&waited, "wait", map[string]any{"ids": []string{"2"}})
	select {
	case said := <-c.told:
		if !strings.HasPrefix(said, "1/1: ") && !strings.HasPrefix(said, "2/1: ") {
			t.Errorf("progress says %q", said)
		}
	default:
		t.Error("no progress was told")
	}
}

// TestMCPAgainstNonsense writes what no client should. The server must answer or end, in
// order, and never hang or panic.
func TestMCPAgainstNonsense(t *testing.T) {
	w := newWorld(t)
	w.write("a.txt", "old\n")
	w.commit("first")
	w.ok("daemon", "start")
	const hello = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"x","version":"0"}}}` + "\n" +
		`{"jsonrpc":"2.0","method":"notifications/initialized"}` + "\n"
	for name, text := range map[string]string{
		"nothing":               "",
		"no JSON":               "GET / HTTP/1.1\r\n\r\n",
		"half a message":        `{"jsonrpc":"2.0","id":1,"meth`,
		"no JSON, later":        hello + "}{\n",
		"an array":              hello + "[]\n",
		"deep":                  hello + strings.Repeat(`{"a":`, 100_000) + "\n",
		"an unknown method":     hello + `{"jsonrpc":"2.0","id":2,"method":"rm/rf"}` + "\n",
		"no hello":              `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"list","arguments":{}}}` + "\n",
		"arguments of a kind":   hello + `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"list","arguments":[1]}}` + "\n",
		"a line without end":    hello + strings.Repeat("x", 17<<20),
		"a NUL":                 hello + `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"submit","arguments":{"run":"true","dir":"\u0000"}}}` + "\n",
		"an id of a wrong kind": hello + `{"jsonrpc":"2.0","id":{},"method":"ping"}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), mcpPatience)
			defer stop()
			cmd := exec.CommandContext(ctx, w.bin, "mcp")
			cmd.Dir, cmd.Env, cmd.Stdin = w.repo, w.env, strings.NewReader(text)
			var out, said bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &said
			err := cmd.Run()
			if ctx.Err() != nil || strings.Contains(said.String(), "goroutine ") {
				t.Fatalf("%v\n%.2000s", err, said.String())
			}
			for line := range strings.Lines(out.String()) {
				if !json.Valid([]byte(line)) {
					t.Errorf("stdout has something else than messages: %.200q", line)
				}
			}
		})
	}
}

// TestMCPClientGoesAwayWhileWaiting: the server ends with its client, at once, and the
// job goes on.
func TestMCPClientGoesAwayWhileWaiting(t *testing.T) {
	w := newWorld(t)
	w.write("a.txt", "old\n")
	w.commit("first")
	w.ok("patch", "--run", "sleep 300")
	cmd := w.command(w.bin, "mcp")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for _, msg := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"x","version":"0"}}}`,
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
		`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"wait","arguments":{"ids":["1"],"timeout_seconds":3600}}}`,
		`{"jsonrpc":"2.0","id":3,"method":"ping"}`,
	} {
		if _, err := io.WriteString(in, msg+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	for n := 0; n < 2; n++ { // of initialize and of ping: the wait is under way by then
		if line, err := lines.ReadString('\n'); err != nil || !strings.Contains(line, `"result"`) {
			t.Fatalf("%q, %v", line, err)
		}
	}
	in.Close()
	ended := make(chan error, 1)
	go func() {
		io.Copy(io.Discard, lines)
		ended <- cmd.Wait()
	}()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(mcpPatience):
		cmd.Process.Kill()
		t.Fatal("the server outlives its client")
	}
	if state := w.job("1").State; state != "running" && state != "queued" {
		t.Errorf("the job is %s", state)
	}
	w.ok("cancel", "1")
}
