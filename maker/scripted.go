package maker

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"

	"golang.org/x/tools/txtar"

	"codeagent.dev/agent"
)

// scripted reads its answers from a txtar archive, for tests, demonstrations and for
// handing over what some other tool answered. A file in the archive is named for
// whom it answers: "2/1" is variant 2's first try, "2" any other try of variant 2, and
// "*" everybody else.
type scripted struct{ path string }

func (s scripted) Name() string { return scriptedPrefix + s.path }
func (s scripted) Edits() bool  { return false }

func (s scripted) Make(_ context.Context, req Request) (Answer, error) {
	text, err := readBounded(s.path, agent.MaxText)
	if err != nil {
		return Answer{}, &Error{Verdict: agent.Failed, Reason: "the answers cannot be read: " + err.Error()}
	}
	answers := map[string][]byte{}
	for _, f := range txtar.Parse(text).Files {
		answers[f.Name] = f.Data
	}
	number := strconv.Itoa(req.Variant)
	for _, name := range []string{number + "/" + strconv.Itoa(req.Try), number, "*"} {
		if answer, ok := answers[name]; ok {
			return Answer{Patch: answer}, nil
		}
	}
	return Answer{}, &Error{Verdict: agent.Failed, Reason: fmt.Sprintf("%s has no answer for variant %d, try %d", s.path, req.Variant, req.Try)}
}

// readBounded reads a file that is at most limit bytes long.
func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("%s is larger than %d MiB", path, limit>>20)
	}
	return text, err
}
