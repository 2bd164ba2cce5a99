package coder

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeagent.dev/agent/proc"
)

// FuzzStreams: whatever an agent prints, nothing panics, what is kept is bounded, and
// without its own last word there is no success.
func FuzzStreams(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.jsonl")
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"s","update":{"sessionUpdate":"tool_call","toolCallId":"1","title":"x","rawInput":{"path":"/x"}}}}`))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, kind := range []Kind{Claude, Codex, ACP} {
			r := &run{agent: Agent{Login: "log in"}, task: Task{Dir: dir}, lines: proc.NewLines(func(string) {})}
			var verdict *Error
			switch kind {
			case Claude:
				c := &claude{run: r, writes: map[string]string{}}
				eachLine(bytes.NewReader(text), maxEvent, func(line []byte) { c.event(line) })
				if verdict = c.verdict(); verdict == nil && !bytes.Contains(text, []byte("result")) {
					t.Error("a success without a result")
				}
			case Codex:
				c := &codex{run: r}
				eachLine(bytes.NewReader(text), maxEvent, func(line []byte) { c.event(line) })
				if verdict = c.verdict(); verdict == nil && !c.ended {
					t.Error("a success without an end of the turn")
				}
			case ACP:
				s := newSession(r)
				s.watch = newWatch(0, func() {})
				s.frames = newFrames(s, nil)
				for line := range bytes.Lines(text) {
					if s.frames.wanted(bytes.TrimSpace(line)) {
						select {
						case <-s.frames.slots:
						default:
						}
					}
				}
				s.close()
			}
			r.lines.Close()
			if verdict != nil && (verdict.Message == "" || strings.ContainsAny(verdict.Message, "\n\x00") || len(verdict.Message) > 2*maxLine) {
				t.Errorf("message %q", verdict.Message)
			}
			if len(r.report.Said) > maxSaid || len(r.report.Refused) > maxRefused {
				t.Error("the report has no bound")
			}
		}
	})
}
