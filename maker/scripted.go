package maker

import (
	"bytes"
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
// "*" everybody else. The format takes a line "-- … --" for the name of a file, so an
// answer cannot remove a line "- … --".
type scripted struct{ path string }

func (s scripted) Name() string { return scriptedPrefix + s.path }
func (s scripted) Edits() bool  { return false }

func (s scripted) Make(ctx context.Context, req Request) (Answer, error) {
	if ctx.Err() != nil {
		return Answer{}, canceled("canceled")
	}
	text, err := readBounded(s.path, agent.MaxText)
	if err != nil {
		return Answer{}, &Error{Verdict: agent.Failed, Reason: "the answers cannot be read: " + err.Error()}
	}
	answers := map[string][]byte{}
	for _, f := range txtar.Parse(text).Files {
		answers[f.Name] = f.Data
	}
	variant := strconv.Itoa(req.Variant)
	names := []string{variant + "/" + strconv.Itoa(req.Try), variant, "*"}
	for _, name := range names {
		answer, ok := answers[name]
		if !ok {
			continue
		}
		if len(bytes.TrimSpace(answer)) == 0 {
			return Answer{}, &Error{Verdict: agent.NoPatch, Reason: fmt.Sprintf("the answer %q in %s is empty", name, s.path)}
		}
		return Answer{Patch: answer}, nil
	}
	return Answer{}, &Error{Verdict: agent.Failed, Reason: fmt.Sprintf("%s has none of the answers %q", s.path, names)}
}

// readBounded reads a regular file that is at most limit bytes long.
func readBounded(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path) // before it is opened: that would wait for a pipe's writer
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", path)
	}
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
