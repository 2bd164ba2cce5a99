package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
)

// offered is what a shell is told, without the line that says how to treat it.
func (b bench) offered(args ...string) []string {
	b.t.Helper()
	got := b.run(append([]string{"__complete"}, args...)...)
	if got.status != 0 {
		b.t.Errorf("completing %q: exit status %d: %s", args, got.status, got.err)
	}
	for line := range strings.Lines(got.err) {
		if !strings.HasPrefix(line, "Completion ended with directive: ") { // cobra's, for debugging; scripts drop it
			b.t.Errorf("completing %q says %q", args, line)
		}
	}
	lines := strings.Split(strings.TrimSuffix(got.out, "\n"), "\n")
	return lines[:len(lines)-1]
}

func TestCompletionKnowsLiveJobs(t *testing.T) {
	b := newBench(t)
	b.end(good(agent.Verified), bad(agent.NoPatch, ""))
	running, err := b.Submit(t.Context(), agent.Spec{Kind: agent.Prompt, Text: "rename\tFoo", Repo: "/r", Base: commit})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Claim(t.Context(), agent.Claim{Worker: "w", TTL: time.Hour}); err != nil { // else it would be ended with the next
		t.Fatal(err)
	}
	for range 60 { // more than are offered at once
		b.end(bad(agent.Failed, "no"))
	}
	first, open := "1\tverified: gofmt -w .", running.ID.String()+"\trunning: rename Foo"
	for _, c := range []struct {
		typed string
		want  []string
	}{
		{"pick ", []string{"1/1\tverified: gofmt -w ."}},
		{"apply ", []string{first, "1/1\tverified: gofmt -w ."}},
		{"cancel ", []string{open}},
		{"cancel 2 ", nil},
		{"retry 1", []string{first}},
		{"wait 1/", nil},
		{"show 1/", []string{"1/1\tverified: gofmt -w .", "1/2\tno patch: gofmt -w ."}},
		{"show 2", []string{open}},
		{"show 999", nil},
		{"show x", nil},
		{"logs 1/2", []string{"1/2\tno patch: gofmt -w ."}},
		{"revise 2/", nil},
		{"list --verdict un", []string{"unverified"}},
		{"patch --until ", []string{"verified", "all"}},
		{"config set notify.terminal ", []string{"off", "bell", "osc9"}},
		{"config get workers ", nil},
		{"completion ", []string{"bash", "zsh", "fish", "powershell"}},
		{"help exit", []string{"exit-codes\tWhat an exit status means, and which command ends with it"}},
	} {
		got := b.offered(strings.Split(c.typed, " ")...)
		if strings.HasPrefix(c.typed, "retry") || strings.HasPrefix(c.typed, "show 2") {
			got = got[:min(1, len(got))] // 10, 11 and so on follow
		}
		if strings.HasPrefix(c.typed, "help") || strings.HasPrefix(c.typed, "completion") || strings.Contains(c.typed, "--") || strings.HasPrefix(c.typed, "config set") {
			got = beginning(got, c.typed[strings.LastIndexByte(c.typed, ' ')+1:]) // a shell drops the rest
		}
		if diff := cmp.Diff(c.want, got, cmp.Transformer("none", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
			t.Errorf("agent %s (-want +got):\n%s", c.typed, diff)
		}
	}
	if got := b.offered("show", ""); len(got) != 50 || !strings.HasPrefix(got[0], "62\t") {
		t.Errorf("show offers %d jobs, from %.40q", len(got), got)
	}
}

func beginning(words []string, with string) (found []string) {
	for _, w := range words {
		if strings.HasPrefix(w, with) {
			found = append(found, w)
		}
	}
	return found
}

func TestCompletionKnowsMakersAndSettings(t *testing.T) {
	b := newBench(t)
	if got := strings.Join(b.offered("patch", "--maker", ""), " "); !strings.Contains(got, "claude\tcoding agent") {
		t.Errorf("makers: %q", got)
	}
	if got := strings.Join(b.offered("models", ""), " "); !strings.Contains(got, "ollama") {
		t.Errorf("providers: %q", got)
	}
	if got := strings.Join(b.offered("config", "set", "notify."), "\n"); !strings.Contains(got, "notify.desktop\ttell it on the desktop") {
		t.Errorf("settings: %q", got)
	}
}
