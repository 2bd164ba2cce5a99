package mcp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"go.uber.org/goleak"

	"codeagent.dev/agent"
	"codeagent.dev/agent/mcp"
	"codeagent.dev/agent/store/mem"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const commit = "0123456789abcdef0123456789abcdef01234567"

// served is a server over a store, and its client.
type served struct {
	*sdk.ClientSession
	t     *testing.T
	store agent.Store
}

func serve(t *testing.T, change func(*mcp.Config)) served {
	t.Helper()
	s := served{t: t, store: mem.New(mem.Options{})}
	toServer, fromClient := io.Pipe()
	toClient, fromServer := io.Pipe()
	cfg := mcp.Config{
		In: toServer, Out: fromServer, Version: "v0",
		Jobs: func(context.Context) (agent.Jobs, error) { return s.store, nil },
		Spec: func(_ context.Context, ask mcp.Ask) (agent.Spec, error) {
			return agent.Spec{Kind: ask.Kind, Text: ask.Text, Repo: "/r", Base: commit, Variants: ask.Variants}, nil
		},
	}
	if change != nil {
		change(&cfg)
	}
	ended := make(chan error, 1)
	go func() { ended <- mcp.Serve(t.Context(), cfg) }()
	client := sdk.NewClient(&sdk.Implementation{Name: "test"}, nil)
	var err error
	if s.ClientSession, err = client.Connect(t.Context(), &sdk.IOTransport{Reader: toClient, Writer: fromClient}, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		fromClient.Close()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		fromServer.Close()
		s.store.Close()
	})
	return s
}

func (s served) call(into any, tool string, args map[string]any) (text string, isError bool) {
	s.t.Helper()
	res, err := s.CallTool(s.t.Context(), &sdk.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		s.t.Fatalf("%s: %v", tool, err)
	}
	data, err := json.Marshal(res.StructuredContent)
	if err == nil && into != nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		s.t.Fatalf("%s: %v in %s", tool, err, data)
	}
	return res.Content[0].(*sdk.TextContent).Text, res.IsError
}

// TestAnswersAreBounded: whatever a job holds, a client is not drowned in it.
func TestAnswersAreBounded(t *testing.T) {
	s := serve(t, nil)
	huge := strings.Repeat("ü\x00\"<&", 1<<18)
	spec := agent.Spec{Kind: agent.Prompt, Text: huge, Title: huge[:4000], Repo: "/r", Base: commit, Variants: agent.MaxVariants}
	var results []agent.CheckResult
	for i := range agent.MaxChecks {
		spec.Checks = append(spec.Checks, agent.Check{Name: fmt.Sprint("check", i), Run: "true"})
		results = append(results, agent.CheckResult{Name: fmt.Sprint("check", i), Outcome: agent.CheckBroke, Exit: 1, Reason: "exit status 1", Tail: huge[:60_000]})
	}
	if _, err := s.store.Submit(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	for range agent.MaxVariants {
		lease, err := s.store.Claim(t.Context(), agent.Claim{Worker: "w", TTL: time.Minute})
		if err == nil {
			err = s.store.Finish(t.Context(), lease, agent.Outcome{
				Verdict: agent.ChecksFailed, Commit: commit, Reason: huge[:2000], Said: huge, Checks: results,
			})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for tool, args := range map[string]map[string]any{
		"show": {"id": "1"}, "list": {"limit": 100}, "wait": {"ids": []string{"1"}}, "cancel": {"id": "1"},
	} {
		var doc any
		text, _ := s.call(&doc, tool, args)
		data, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > 100_000 || len(data) > 600_000 {
			t.Errorf("%s answers with %d bytes of text and %d of JSON", tool, len(text), len(data))
		}
	}
}

// TestDiffInPages: the pages together are the patch, byte for byte, and each ends a line
// where there is one.
func TestDiffInPages(t *testing.T) {
	var patch bytes.Buffer
	for n := range 5000 {
		fmt.Fprintf(&patch, "+line %d with some text, ü and 漢字\n", n)
	}
	patch.WriteString("+" + strings.Repeat("漢", 40_000) + "\n")
	files := make([]mcp.File, 1000)
	s := serve(t, func(cfg *mcp.Config) {
		cfg.Diff = func(context.Context, agent.Ref) (mcp.Diff, error) {
			return mcp.Diff{Job: agent.Job{ID: 1}, Variant: agent.Variant{Number: 2, Verdict: agent.Verified}, Text: patch.Bytes(), Files: files}, nil
		}
	})
	var whole strings.Builder
	for offset, pages := 0, 0; ; pages++ {
		var page struct {
			Ref, Patch string
			Files      []any
			Count      int `json:"file_count"`
			Bytes      int
			NotUTF8    bool `json:"not_utf8"`
			NextOffset int  `json:"next_offset"`
		}
		s.call(&page, "diff", map[string]any{"id": "1", "offset": offset})
		if page.Ref != "1/2" || page.Bytes != patch.Len() || page.Count != 1000 || len(page.Files) != 200 || page.NotUTF8 {
			t.Fatalf("%+v", page)
		}
		whole.WriteString(page.Patch)
		if page.NextOffset == 0 {
			break
		}
		if page.NextOffset <= offset || pages > 100 || !utf8.ValidString(page.Patch) {
			t.Fatalf("page %d goes on at %d", pages, page.NextOffset)
		}
		offset = page.NextOffset
	}
	if whole.String() != patch.String() {
		t.Errorf("the pages have %d bytes, the patch %d", whole.Len(), patch.Len())
	}
	if text, bad := s.call(nil, "diff", map[string]any{"id": "1", "offset": patch.Len() + 1}); !bad || !strings.Contains(text, "not in the patch") {
		t.Errorf("behind the end: %q", text)
	}
}

// TestDiffSaysWhatIsNoText: bytes that JSON cannot carry are said to be replaced.
func TestDiffSaysWhatIsNoText(t *testing.T) {
	s := serve(t, func(cfg *mcp.Config) {
		cfg.Diff = func(context.Context, agent.Ref) (mcp.Diff, error) {
			return mcp.Diff{Job: agent.Job{ID: 1}, Variant: agent.Variant{Number: 1}, Text: []byte("+\xff\n")}, nil
		}
	})
	var page struct {
		NotUTF8 bool `json:"not_utf8"`
	}
	if s.call(&page, "diff", map[string]any{"id": "1"}); !page.NotUTF8 {
		t.Error("not said")
	}
}

// TestErrorsKeepTheirHint: what a function says reaches the client whole.
func TestErrorsKeepTheirHint(t *testing.T) {
	s := serve(t, func(cfg *mcp.Config) {
		cfg.Apply = func(context.Context, agent.Ref, mcp.How) (mcp.Applied, error) {
			return mcp.Applied{}, agent.Errorf(agent.Blocked, "a.txt has local changes").WithHint("git stash")
		}
	})
	text, bad := s.call(nil, "apply", map[string]any{"id": "1"})
	if want := "a.txt has local changes (blocked)\nhint, for a shell: git stash"; text != want || !bad {
		t.Errorf("%q", text)
	}
}

func TestListSaysWhyAJobWaits(t *testing.T) {
	s := serve(t, nil)
	if _, err := s.store.Submit(t.Context(), agent.Spec{Kind: agent.Command, Text: "true", Repo: "/r", Base: commit, Hold: true, Labels: []string{"x"}}); err != nil {
		t.Fatal(err)
	}
	var list struct{ Jobs []struct{ ID, Waits string } }
	if s.call(&list, "list", map[string]any{"label": "x", "group": "default"}); len(list.Jobs) != 1 || list.Jobs[0].Waits != "held" {
		t.Errorf("%+v", list)
	}
	if s.call(&list, "list", map[string]any{"label": "y"}); len(list.Jobs) != 0 {
		t.Errorf("%+v", list)
	}
}

// TestWaitEndsWithItsCall: a call that its client takes back ends, and leaves nothing.
func TestWaitEndsWithItsCall(t *testing.T) {
	s := serve(t, nil)
	s.call(nil, "submit", map[string]any{"text": "words"})
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	_, err := s.CallTool(ctx, &sdk.CallToolParams{Name: "wait", Arguments: map[string]any{"ids": []string{"1"}, "timeout_seconds": 3600}})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if text, _ := s.call(nil, "list", nil); !strings.Contains(text, "1\tqueued\twords") {
		t.Errorf("%q", text)
	}
}
