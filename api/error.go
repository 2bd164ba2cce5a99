package api

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"codeagent.dev/agent"
)

// Error is the envelope in which an agent.Error travels.
type Error struct {
	Code    agent.Code `json:"code"`
	Message string     `json:"message"`
	Hint    string     `json:"hint,omitempty"`
}

// statuses is the one place that relates codes to HTTP. A client reads the code
// from the envelope; the status is for whoever looks with curl or a proxy.
var statuses = []struct {
	code   agent.Code
	status int
}{
	{agent.Internal, http.StatusInternalServerError},
	{agent.Invalid, http.StatusBadRequest},
	{agent.NotFound, http.StatusNotFound},
	{agent.WrongState, http.StatusConflict},
	{agent.Blocked, http.StatusConflict},
	{agent.Lost, http.StatusGone},
	{agent.Stopped, http.StatusGone},
	{agent.Unavailable, http.StatusServiceUnavailable},
	{agent.Protocol, http.StatusUpgradeRequired},
	{agent.TimedOut, http.StatusGatewayTimeout},
}

// StatusOf returns the HTTP status for code.
func StatusOf(code agent.Code) int {
	for _, s := range statuses {
		if s.code == code {
			return s.status
		}
	}
	return http.StatusInternalServerError
}

// codeOf is for answers without an envelope, which net/http itself gives.
func codeOf(status int) agent.Code {
	for _, s := range statuses {
		if s.status == status {
			return s.code
		}
	}
	if status >= 400 && status < 500 {
		return agent.Invalid
	}
	return agent.Internal
}

// Wrap puts err into its envelope.
func Wrap(err error) *Error {
	return &Error{Code: agent.CodeOf(err), Message: err.Error(), Hint: agent.HintOf(err)}
}

// Unwrap takes the error out of its envelope.
func (e *Error) Unwrap() error {
	code := e.Code
	if code == "" {
		code = agent.Internal
	}
	return agent.Errorf(code, "%s", e.Message).WithHint(e.Hint)
}

// ReplyError answers with err.
func ReplyError(w http.ResponseWriter, err error) {
	e := Wrap(err)
	body, _ := json.Marshal(e) // three strings cannot fail
	reply(w, StatusOf(e.Code), TypeJSON, append(body, '\n'), "")
}

// ReadError returns the error that resp, whose status is 400 or more, carries.
func ReadError(resp *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, MaxLine))
	if err != nil {
		return err
	}
	var e Error
	if json.Unmarshal(body, &e) != nil || e.Code == "" {
		text := strings.TrimSpace(string(body))
		return agent.Errorf(codeOf(resp.StatusCode), "the daemon answered %s: %.200s", resp.Status, text)
	}
	return e.Unwrap()
}

func reply(w http.ResponseWriter, status int, typ string, body []byte, text string) {
	h := w.Header()
	h.Set("Content-Type", typ)
	h.Set("Content-Length", strconv.Itoa(len(body)+len(text)))
	w.WriteHeader(status)
	w.Write(body)
	if text != "" {
		io.WriteString(w, text)
	}
}
