package maker_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"codeagent.dev/agent"
	"codeagent.dev/agent/maker"
	"codeagent.dev/agent/proc"
)

func TestMain(m *testing.M) {
	proc.Guard()
	goleak.VerifyTestMain(m)
}

// only returns the one maker of a Spec.
func only(t *testing.T, spec agent.Spec) maker.Maker {
	t.Helper()
	makers, err := maker.NewSet(maker.Config{}).For(spec, 1)
	if err != nil || len(makers) != 1 {
		t.Fatalf("%d makers, %v", len(makers), err)
	}
	return makers[0]
}

// ended returns the typed end of a maker.
func ended(t *testing.T, err error) maker.Error {
	t.Helper()
	typed, ok := errors.AsType[*maker.Error](err)
	if !ok {
		t.Fatalf("%v (%T) is no *maker.Error", err, err)
	}
	return *typed
}

func TestFor(t *testing.T) {
	for _, tc := range []struct {
		spec  agent.Spec
		names []string
		err   string
	}{
		{agent.Spec{Kind: agent.Diff, Makers: []string{"ignored"}}, []string{"diff"}, ""},
		{agent.Spec{Kind: agent.Command}, []string{"command"}, ""},
		{agent.Spec{Kind: agent.Prompt, Makers: []string{"scripted:/a", "scripted:/b"}}, []string{"scripted:/a", "scripted:/b"}, ""},
		{agent.Spec{Kind: agent.Prompt}, nil, "no maker is here that could make a patch from words: no Ollama with a model answers, no provider's key is set, and no coding agent is installed"},
		{agent.Spec{Kind: agent.Prompt, Makers: []string{"scripted:/a", "gpt"}}, nil, `unknown maker "gpt"`},
		{agent.Spec{Kind: agent.Prompt, Makers: []string{"scripted:a"}}, nil, `maker "scripted:a" needs an absolute path`},
		{agent.Spec{Kind: agent.Prompt, Makers: []string{"scripted:"}}, nil, `maker "scripted:" needs an absolute path`},
		{agent.Spec{Kind: "poem"}, nil, `a change is a prompt, a diff or a command, not "poem"`},
	} {
		makers, err := maker.NewSet(maker.Config{}).For(tc.spec, 1)
		var names []string
		for _, m := range makers {
			names = append(names, m.Name())
			if m.Edits() != (tc.spec.Kind == agent.Command) {
				t.Errorf("%s: Edits() = %v", m.Name(), m.Edits())
			}
		}
		if diff := cmp.Diff(tc.names, names); diff != "" {
			t.Error(diff)
		}
		if tc.err == "" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		if err == nil || err.Error() != tc.err || agent.CodeOf(err) != agent.Invalid {
			t.Errorf("error %v (%s), want %s", err, agent.CodeOf(err), tc.err)
		}
		if agent.HintOf(err) == "" && tc.spec.Kind == agent.Prompt {
			t.Errorf("%v has no hint", err)
		}
	}
}

func TestDiff(t *testing.T) {
	spec := agent.Spec{Kind: agent.Diff, Text: "--- a\n\xff\r\n"}
	got, err := only(t, spec).Make(t.Context(), maker.Request{Spec: spec, Variant: 1, Try: 1})
	if err != nil || string(got.Patch) != spec.Text {
		t.Errorf("%q, %v", got.Patch, err)
	}
}

func TestScripted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "answers.txtar")
	text := "for tests\n-- 1/1 --\nfirst\n-- 1 --\nlater\n-- 2/2 --\n\n \n-- 3/1 --\nthird\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	spec := agent.Spec{Kind: agent.Prompt, Text: "do it", Makers: []string{"scripted:" + file}}
	m := only(t, spec)
	ask := func(variant, try int) (string, error) {
		got, err := m.Make(t.Context(), maker.Request{Spec: spec, Variant: variant, Try: try})
		return string(got.Patch), err
	}
	for _, tc := range []struct {
		variant, try int
		want         string
		err          maker.Error
	}{
		{1, 1, "first\n", maker.Error{}},
		{1, 2, "later\n", maker.Error{}},
		{2, 2, "", maker.Error{Verdict: agent.NoPatch, Reason: `the answer "2/2" in ` + file + ` is empty`}},
		{3, 1, "third\n", maker.Error{}},
		{3, 2, "", maker.Error{Verdict: agent.Failed, Reason: file + ` has none of the answers ["3/2" "3" "*"]`}},
	} {
		got, err := ask(tc.variant, tc.try)
		if got != tc.want {
			t.Errorf("%d/%d: %q, want %q", tc.variant, tc.try, got, tc.want)
		}
		if tc.err.Verdict == "" && err != nil || tc.err.Verdict != "" && ended(t, err) != tc.err {
			t.Errorf("%d/%d: %v, want %v", tc.variant, tc.try, err, tc.err)
		}
	}

	// The file is read when it is asked, not when the job was accepted.
	if err := os.WriteFile(file, []byte("-- * --\nanybody\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := ask(7, 3); got != "anybody\n" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := m.Make(ctx, maker.Request{Spec: spec, Variant: 1, Try: 1})
	if ended(t, err).Verdict != agent.Canceled {
		t.Errorf("canceled: %v", err)
	}
}

func TestScriptedUnreadable(t *testing.T) {
	dir := t.TempDir()
	large := filepath.Join(dir, "large")
	if err := os.WriteFile(large, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, agent.MaxText+1); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		filepath.Join(dir, "missing"): "missing",
		dir:                           "is no regular file",
		large:                         "is larger than 64 MiB",
	} {
		spec := agent.Spec{Kind: agent.Prompt, Makers: []string{"scripted:" + file}}
		_, err := only(t, spec).Make(t.Context(), maker.Request{Spec: spec, Variant: 1, Try: 1})
		if e := ended(t, err); e.Verdict != agent.Failed || !strings.Contains(e.Reason, want) || !strings.HasPrefix(e.Reason, "the answers cannot be read: ") {
			t.Errorf("%+v, want %s", e, want)
		}
	}
}
