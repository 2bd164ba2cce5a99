package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// manual asks the program of this checkout.
func manual(t *testing.T) *Manual {
	t.Helper()
	cmd := exec.Command("go", "run", "./cmd/agent", "debug", "manual")
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var m Manual
	if err := json.Unmarshal(out, &m); err != nil {
		t.Fatal(err)
	}
	return &m
}

// TestPages: each command and topic has a page with all that its help says, and each page
// renders without a complaint.
func TestPages(t *testing.T) {
	m := manual(t)
	if len(m.Commands) < 30 || len(m.Topics) < 4 {
		t.Fatalf("%d commands and %d topics: not all are told", len(m.Commands), len(m.Topics))
	}
	pages := map[string][]byte{}
	for _, p := range m.Pages("2026-01-02") {
		pages[p.File] = p.Text
	}
	for _, name := range []string{"agent.1", "agent-patch.1", "agent-daemon-start.1", "agent-config.1", "agent-exit-codes.7", "agent-environment.7", "agent-formats.7"} {
		if pages[name] == nil {
			t.Errorf("there is no page %s", name)
		}
	}
	dir := t.TempDir()
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range m.Commands {
		name := pageName(c.Path) + ".1"
		shown := rendered(t, filepath.Join(dir, name))
		wants := []string{c.Short, "EXIT STATUS", "SEE ALSO"}
		for _, f := range append(c.Flags, c.Global...) {
			wants = append(wants, "--"+f.Name)
		}
		for line := range strings.Lines(c.Example) {
			wants = append(wants, line)
		}
		for _, want := range wants {
			if !strings.Contains(shown, flat(want)) {
				t.Errorf("%s does not say %q", name, want)
			}
		}
	}
	for _, topic := range m.Topics {
		name := "agent-" + topic.Name + ".7"
		if topic.Name == "config" {
			name = "agent-config.1"
		}
		shown := rendered(t, filepath.Join(dir, name))
		for line := range strings.Lines(topic.Text) {
			if !strings.Contains(shown, flat(line)) {
				t.Errorf("%s does not say %q", name, line)
			}
		}
	}
}

// rendered is a page as a person reads it, in one line of words.
func rendered(t *testing.T, file string) string {
	t.Helper()
	if _, err := exec.LookPath("mandoc"); err == nil {
		out, _ := exec.Command("mandoc", "-T", "lint", "-W", "warning", file).CombinedOutput()
		if len(out) > 0 {
			t.Errorf("mandoc complains:\n%s", out)
		}
		out, err := exec.Command("mandoc", "-T", "utf8", "-O", "width=500", file).Output()
		if err != nil {
			t.Fatalf("mandoc %s: %v", file, err)
		}
		return flat(overstruck(out))
	}
	if _, err := exec.LookPath("man"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("neither mandoc nor man is installed")
		}
		t.Skip("neither mandoc nor man is installed")
	}
	cmd := exec.Command("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", file)
	cmd.Env = append(os.Environ(), "MANWIDTH=500", "LC_ALL=C.UTF-8", "MAN_KEEP_FORMATTING=")
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil || said.Len() > 0 {
		t.Errorf("man -l %s: %v\n%s", file, err, said.String())
	}
	return flat(overstruck(out))
}

// overstruck takes the second strikes out of what is bold or underlined.
func overstruck(text []byte) string {
	var out []rune
	for _, r := range string(text) {
		if r == '\b' && len(out) > 0 {
			out = out[:len(out)-1]
			continue
		}
		out = append(out, r)
	}
	return string(out)
}

// flat is text without what filling lines changes.
func flat(text string) string { return strings.Join(strings.Fields(text), " ") }

// TestReleaseHasThePages: what makes a release makes the pages and takes them along.
func TestReleaseHasThePages(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", ".goreleaser.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"go run ./scripts/man", "man/*.1", "man/*.7", "/usr/share/man/man1", "/usr/share/man/man7"} {
		if !strings.Contains(string(text), want) {
			t.Errorf(".goreleaser.yaml does not name %s", want)
		}
	}
}

// FuzzEscape: no text becomes a request, wherever it stands.
func FuzzEscape(f *testing.F) {
	for _, seed := range []string{".so /etc/passwd", "'x", `\fB`, "a-b", "..", "", "`agent`"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := escape(text)
		if strings.HasPrefix(got, ".") || strings.HasPrefix(got, "'") {
			t.Errorf("%q became the request %q", text, got)
		}
		if strings.Count(got, `\e`) < strings.Count(text, `\`) {
			t.Errorf("%q lost a backslash in %q", text, got)
		}
	})
}
