package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeagent.dev/agent"
	"codeagent.dev/agent/store"
)

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	slash := filepath.ToSlash(dir)
	if !strings.HasPrefix(slash, "/") {
		slash = "/" + slash
	}
	for name, file := range map[string]string{
		"mem:":                          "",
		"bolt://" + slash + "/url.db":   "url.db",
		"bolt://" + slash + "/a%20b.db": "a b.db",
		filepath.Join(dir, "plain.db"):  "plain.db",
		"relative.db":                   "relative.db",
		filepath.Join("new", "deep.db"): filepath.Join("new", "deep.db"),
	} {
		s, err := store.Open(t.Context(), name, store.Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := s.Status(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: close: %v", name, err)
		}
		if file == "" {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, name := range []string{"", "redis://localhost", "postgres:", "mem:x", "bolt:", "bolt://host/x", "bolt:///x?y=1"} {
		_, err := store.Open(t.Context(), name, store.Options{})
		if agent.CodeOf(err) != agent.Invalid || !strings.Contains(agent.HintOf(err), "bolt:///absolute/path") {
			t.Errorf("%q: error %v has code %q and hint %q", name, err, agent.CodeOf(err), agent.HintOf(err))
		}
	}
}
