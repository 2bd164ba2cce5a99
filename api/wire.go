package api

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"codeagent.dev/agent"
)

// Size limits. A request larger than MaxRequest is refused unread.
const (
	MaxLine    = 2 << 20                 // bytes of a request's line of JSON
	MaxRequest = MaxLine + agent.MaxText // bytes of a request
	MaxChange  = 512 << 10               // bytes of an agent.Change without the text of an edit
	MaxImport  = 512 << 20               // bytes of a job with its history
)

// Head returns the line of JSON, newline included, that stands before the raw text
// of a Spec or a Job.
func Head(v any) ([]byte, error) {
	line, err := json.Marshal(v)
	if err != nil {
		return nil, agent.Errorf(agent.Internal, "encode %T: %w", v, err)
	}
	return append(line, '\n'), nil
}

// DecodeSpec reads a Spec. The text shares body's memory.
func DecodeSpec(body string) (agent.Spec, error) {
	var spec agent.Spec
	text, err := decode(body, MaxLine, "a job description", &spec)
	spec.Text = text
	return spec, err
}

// DecodeChange reads a change. The text of an edit shares body's memory.
func DecodeChange(body string) (agent.Change, error) {
	var c agent.Change
	text, err := decode(body, MaxChange, "a change of a job", &c)
	if c.Op == agent.OpEdit {
		c.Text = text
	}
	return c, err
}

// Import is the line of JSON of an import. The job's text follows it.
type Import struct {
	Job    agent.Job     `json:"job"`
	Events []agent.Event `json:"events"`
}

// DecodeImport reads an Import. The text shares body's memory.
func DecodeImport(body string) (Import, error) {
	var in Import
	text, err := decode(body, len(body), "a job with its history", &in)
	in.Job.Spec.Text = text
	return in, err
}

// DecodeJob reads a Job. The text shares body's memory.
func DecodeJob(body string) (agent.Job, error) {
	var job agent.Job
	text, err := decode(body, len(body), "a job", &job)
	job.Spec.Text = text
	return job, err
}

// DecodeID reads of a Job no more than its number.
func DecodeID(body string) (agent.ID, error) {
	var job struct {
		ID agent.ID `json:"id"`
	}
	_, err := decode(body, len(body), "a job", &job)
	return job.ID, err
}

// decode reads the first line of body into v and returns what follows it.
func decode(body string, limit int, what string, v any) (text string, err error) {
	end := strings.IndexByte(body[:min(len(body), limit)], '\n')
	switch {
	case end < 0 && len(body) > limit:
		return "", agent.Errorf(agent.Invalid, "the first line is longer than %d KiB, or missing", limit>>10)
	case end < 0:
		return "", agent.Errorf(agent.Invalid, "no line of JSON comes before the text")
	}
	if err := json.Unmarshal([]byte(body[:end]), v); err != nil {
		return "", agent.Errorf(agent.Invalid, "the first line is not %s: %w", what, err)
	}
	return body[end+1:], nil
}

// Read reads a body of at most limit bytes. length is its Content-Length, -1 when
// unknown. A longer body is an Invalid error, and so is one that ends too soon.
func Read(r io.Reader, length, limit int64) (string, error) {
	if length > limit {
		return "", tooLarge(limit)
	}
	var b strings.Builder
	// A length is only a claim until the bytes are here, so a large one is not believed.
	b.Grow(int(min(max(length, 512), 1<<20)))
	// io.Copy's own buffer is 32 KiB, many times the usual body.
	buf := make([]byte, min(max(length+1, 512), 32<<10))
	n, err := io.CopyBuffer(&b, io.LimitReader(r, limit+1), buf)
	switch {
	case n > limit:
		return "", tooLarge(limit)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "", agent.Errorf(agent.Invalid, "the body ends after %d bytes of %d", n, length)
	case err != nil:
		return "", err
	}
	return b.String(), nil
}

func tooLarge(limit int64) error {
	return agent.Errorf(agent.Invalid, "the request is larger than %d KiB", limit>>10)
}

// Reply answers with v as one JSON document. There is nothing left to do about an
// error: the peer is gone.
func Reply(w http.ResponseWriter, status int, v any) {
	body, err := Head(v)
	if err != nil {
		ReplyError(w, err)
		return
	}
	reply(w, status, TypeJSON, body, "")
}

// ReplyText answers with v as a line of JSON and text after it.
func ReplyText(w http.ResponseWriter, status int, v any, text string) {
	head, err := Head(v)
	if err != nil {
		ReplyError(w, err)
		return
	}
	reply(w, status, TypeText, head, text)
}
