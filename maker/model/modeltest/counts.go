package modeltest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// counted is an Ollama answer with the numbers of its fixture, which aimock leaves at 0.
type counted struct {
	io.Closer
	lines   *bufio.Reader
	rest    []byte
	err     error
	fixture Fixture
}

func (c *counted) Read(p []byte) (int, error) {
	if len(c.rest) == 0 && c.err == nil {
		c.rest, c.err = c.lines.ReadBytes('\n')
		c.rest = c.fixture.count(c.rest)
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	if n > 0 {
		return n, nil
	}
	return 0, c.err
}

// count adds the numbers to the last line of an answer and leaves all others alone.
func (f Fixture) count(line []byte) []byte {
	var event map[string]any
	if json.Unmarshal(line, &event) != nil || event["done"] != true {
		return line
	}
	event["prompt_eval_count"], event["eval_count"] = f.Prompt, f.Output
	text, err := json.Marshal(event)
	if err != nil {
		return line
	}
	return append(text, '\n')
}

// addCounts is the proxy's hand on an answer.
func (s *Server) addCounts(resp *http.Response) error {
	if resp.Request.URL.Path != "/api/chat" || resp.StatusCode != http.StatusOK {
		return nil
	}
	message, _ := resp.Request.Context().Value(askedKey{}).(string)
	f, ok := s.matching(message)
	if ok && (f.Prompt != 0 || f.Output != 0) {
		resp.Body = &counted{Closer: resp.Body, lines: bufio.NewReader(resp.Body), fixture: f}
		resp.Header.Del("Content-Length")
		resp.ContentLength = -1
	}
	return nil
}

// askedKey is where the context of a proxied request has its last message.
type askedKey struct{}

// asked returns the last message of a chat.
func asked(body []byte) string {
	var chat struct {
		Messages []struct {
			Content string `json:"content"`
		} `json:"messages"`
	}
	if json.Unmarshal(bytes.TrimSpace(body), &chat) != nil || len(chat.Messages) == 0 {
		return ""
	}
	return chat.Messages[len(chat.Messages)-1].Content
}

// matching returns the fixture that aimock answers a message with: the first that fits.
func (s *Server) matching(message string) (Fixture, bool) {
	for _, f := range s.fixtures {
		if strings.Contains(message, f.Message) {
			return f, true
		}
	}
	return Fixture{}, false
}
