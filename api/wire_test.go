package api_test

import (
	"errors"
	"io"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
)

func TestSpecKeepsItsTextByteForByte(t *testing.T) {
	for _, text := range []string{"", "one line", "two\nlines\n", "\n\n", "{\"kind\":\"x\"}\n", "\xff\x00\r\n"} {
		want := agent.Spec{Kind: agent.Diff, Text: text, Repo: "/src/größe", Base: "HEAD", Env: map[string]string{"A": "1\n2"},
			Checks: []agent.Check{{Name: "test", Run: "go test ./...", Time: agent.Duration(time.Minute)}}}
		head, err := api.Head(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := api.DecodeSpec(string(head) + text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q came back changed (-sent +got):\n%s", text, diff)
		}
	}
}

func TestDecodeSpecRefuses(t *testing.T) {
	for _, c := range []struct{ name, body, text string }{
		{"nothing", "", "no line of JSON"},
		{"no newline", `{"kind":"diff"}`, "no line of JSON"},
		{"no JSON", "diff --git a/x b/x\n", "not a job description"},
		{"another type", "[1]\n", "not a job description"},
		{"two documents", "{} {}\n", "not a job description"},
		{"an endless line", strings.Repeat("x", api.MaxLine+1), "longer than"},
	} {
		_, err := api.DecodeSpec(c.body)
		if agent.CodeOf(err) != agent.Invalid || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: error %v, want Invalid with %q", c.name, err, c.text)
		}
	}
}

func TestDecodeIgnoresWhatItDoesNotKnow(t *testing.T) {
	got, err := api.DecodeSpec(`{"kind":"diff","colour":{"of":["the","future"]},"base":"HEAD"}` + "\ntext")
	if err != nil {
		t.Fatal(err)
	}
	if want := (agent.Spec{Kind: agent.Diff, Base: "HEAD", Text: "text"}); !cmp.Equal(want, got) {
		t.Error(cmp.Diff(want, got))
	}
}

func TestRead(t *testing.T) {
	if s, err := api.Read(strings.NewReader("abc"), 3, 3); err != nil || s != "abc" {
		t.Errorf("Read = %q, %v", s, err)
	}
	for name, read := range map[string]func() (string, error){
		"said too long": func() (string, error) { return api.Read(strings.NewReader(""), 4, 3) },
		"is too long":   func() (string, error) { return api.Read(strings.NewReader("abcd"), -1, 3) },
		"ends too soon": func() (string, error) {
			return api.Read(io.MultiReader(strings.NewReader("a"), broken{io.ErrUnexpectedEOF}), 3, 3)
		},
	} {
		if _, err := read(); agent.CodeOf(err) != agent.Invalid {
			t.Errorf("a body that %s: %v", name, err)
		}
	}
	boom := errors.New("boom")
	if _, err := api.Read(broken{boom}, -1, 3); !errors.Is(err, boom) {
		t.Errorf("error %v, want that of the reader", err)
	}
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

func TestFilterThereAndBack(t *testing.T) {
	for _, want := range []agent.Filter{
		{},
		{States: []agent.State{agent.Queued, agent.Done}, Verdicts: []agent.Verdict{agent.Failed}, Repo: "/a b&c=d", After: 7, Oldest: true, Limit: 3,
			EndedBefore: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)},
		{After: -1, Limit: -5}, // for the store to judge
	} {
		q, err := url.ParseQuery(api.EncodeFilter(want).Encode())
		if err != nil {
			t.Fatal(err)
		}
		got, err := api.DecodeFilter(q)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-sent +got):\n%s", diff)
		}
	}
	for _, bad := range []string{"after=x", "limit=1.5", "ended_before=monday", "oldest=perhaps"} {
		q, _ := url.ParseQuery(bad)
		if _, err := api.DecodeFilter(q); agent.CodeOf(err) != agent.Invalid {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestErrorThereAndBack(t *testing.T) {
	for _, code := range []agent.Code{agent.Internal, agent.Invalid, agent.NotFound, agent.WrongState, agent.Lost, agent.Stopped,
		agent.Blocked, agent.Unavailable, agent.Protocol, agent.TimedOut} {
		w := httptest.NewRecorder()
		api.ReplyError(w, agent.Errorf(code, "what went wrong").WithHint("agent list"))
		if w.Code != api.StatusOf(code) || w.Code < 400 {
			t.Errorf("%s has status %d", code, w.Code)
		}
		err := api.ReadError(w.Result())
		if agent.CodeOf(err) != code || agent.HintOf(err) != "agent list" || err.Error() != "what went wrong" {
			t.Errorf("%s came back as %s %q, hint %q", code, agent.CodeOf(err), err, agent.HintOf(err))
		}
	}
}

func TestErrorWithoutEnvelope(t *testing.T) {
	w := httptest.NewRecorder()
	w.WriteHeader(431)
	w.WriteString("431 Request Header Fields Too Large")
	err := api.ReadError(w.Result())
	if agent.CodeOf(err) != agent.Invalid || !strings.Contains(err.Error(), "Header Fields Too Large") {
		t.Errorf("%s %v", agent.CodeOf(err), err)
	}
}

func TestRange(t *testing.T) {
	for s, want := range map[string]api.Range{"1-1": {1, 1}, "2-4": {2, 4}, "3": {3, 3}} {
		if got, err := api.ParseRange(s); err != nil || got != want {
			t.Errorf("ParseRange(%q) = %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "x", "4-2", "0-1", "1-", "1-2-3"} {
		if r, err := api.ParseRange(s); err == nil {
			t.Errorf("ParseRange(%q) = %v", s, r)
		}
	}
	for _, c := range []struct {
		a, b api.Range
		want bool
	}{
		{api.Range{Min: 1, Max: 1}, api.Range{Min: 1, Max: 1}, true},
		{api.Range{Min: 1, Max: 3}, api.Range{Min: 3, Max: 5}, true},
		{api.Range{Min: 1, Max: 2}, api.Range{Min: 3, Max: 5}, false},
	} {
		if c.a.Meets(c.b) != c.want || c.b.Meets(c.a) != c.want {
			t.Errorf("%s meets %s: want %t", c.a, c.b, c.want)
		}
	}
}

func TestLine(t *testing.T) {
	for in, want := range map[string]api.Line{
		`{"job":3,"seq":2,"time":"2026-01-02T03:04:05Z","type":"step","text":"x","new":1}`: {Event: agent.Event{Job: 3, Seq: 2, Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Type: agent.EventStep, Text: "x"}},
		`{"job":3}`: {Event: agent.Event{Job: 3}},
		strings.TrimSpace(string(api.EndLine(nil))):                                                {End: true},
		strings.TrimSpace(string(api.EndLine(agent.Errorf(agent.NotFound, "gone").WithHint("h")))): {Error: &api.Error{Code: agent.NotFound, Message: "gone", Hint: "h"}},
	} {
		got, err := api.DecodeLine([]byte(in))
		if err != nil || !cmp.Equal(want, got) {
			t.Errorf("%s: %v\n%s", in, err, cmp.Diff(want, got))
		}
	}
	if _, err := api.DecodeLine([]byte(`{"job":3,"se`)); err == nil {
		t.Error("half a line was read")
	}
}
