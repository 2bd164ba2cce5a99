package config_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"
)

func TestSecret(t *testing.T) {
	m := machine(runtime.GOOS, map[string]string{"GROQ_API_KEY": "gsk_pa55\n", "TWO": "pa55 pa55", "BLANK": " "})
	file := write(t, "key", "gsk_pa55\r\n")
	open := write(t, "key", "gsk_pa55\n")
	if err := os.Chmod(open, 0o640); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ place, want, err, hint string }{
		{place: "GROQ_API_KEY", want: "gsk_pa55"},
		{place: "file:" + file, want: "gsk_pa55"},
		{place: "NONE", err: "variable NONE, which should hold a key, is not set", hint: "export NONE="},
		{place: "BLANK", err: "variable BLANK, which should hold a key, is not set"},
		{place: "TWO", err: "variable TWO holds something else than one key"},
		{place: "sk-Abc0123456789pa55", err: "this looks like the key itself"},
		{place: "file:" + file + ".none", err: "cannot be read: file does not exist"},
		{place: "file:" + filepath.Dir(file), err: "not a regular file"},
		{place: "file:" + write(t, "key", "\n"), err: "is empty"},
		{place: "file:" + write(t, "key", strings.Repeat("pa55", 5000)), err: "holds something else than one key"},
		{place: "file:" + open, err: "can be read by others (mode 640)", hint: "chmod 600 " + open},
	} {
		if runtime.GOOS == "windows" && strings.Contains(tt.err, "by others") {
			continue
		}
		s, err := m.Secret(tt.place)
		if s.Reveal() != tt.want || (err == nil) != (tt.err == "") {
			t.Errorf("%s: got %q, %v", tt.place, s.Reveal(), err)
		}
		if err == nil {
			continue
		}
		if agent.CodeOf(err) != agent.Invalid || !strings.Contains(err.Error(), tt.err) || !strings.Contains(agent.HintOf(err), tt.hint) {
			t.Errorf("%s: got %v, hint %q; want %q, %q", tt.place, err, agent.HintOf(err), tt.err, tt.hint)
		}
		if strings.Contains(err.Error()+agent.HintOf(err), "pa55") {
			t.Errorf("%s: the error shows the key: %v", tt.place, err)
		}
	}
}

// TestSecretIsNotShown prints a Secret in the ways in which a field of something
// larger ends in a log.
func TestSecretIsNotShown(t *testing.T) {
	s, err := machine("linux", map[string]string{"K": "pa55"}).Secret("K")
	if err != nil {
		t.Fatal(err)
	}
	type request struct {
		Key  config.Secret
		key  config.Secret
		more *config.Secret
	}
	r := request{s, s, &s}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", s, "request", r)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", s, "request", r)
	js, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{
		fmt.Sprint(s, r, &r, r.key, r.more), fmt.Sprintf("%s %q %x %d", s, s, s, s), fmt.Sprintf("%v %+v %#v", r, r, r), string(js), log.String(),
	} {
		if strings.Contains(shown, "pa55") || strings.Contains(shown, "70613535") {
			t.Errorf("the key is shown: %s", shown)
		}
	}
	if !strings.Contains(fmt.Sprint(s), "secret") || s.Reveal() != "pa55" {
		t.Errorf("got %v, %q", s, s.Reveal())
	}
}
