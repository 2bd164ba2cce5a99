package model

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// signs are words by which servers tell apart what they answer with the same status,
// in their codes and in their messages, in the order in which they are looked for.
var signs = []struct {
	kind  Kind
	final bool
	words []string
}{
	{Quota, true, []string{"insufficient_quota", "insufficient_balance", "insufficient balance", "credit balance", "billing_error", "billing_hard_limit", "exceeded your current quota"}},
	{TooLong, false, []string{"context_length_exceeded", "exceed_context_size", "maximum context length", "prompt is too long", "context window", "context size", "input length exceeds", "exceeds the context", "request_too_large", "too many tokens", "model_max_prompt_tokens"}},
	{Refused, false, []string{"content_filter", "content management policy", "content_policy_violation", "responsibleaipolicyviolation", "moderation"}},
	{NoModel, false, []string{"model_not_found", "modelnotfound", "deploymentnotfound", "model not found", "not a valid model", "does not exist", "invalid model", "unknown model", "model_not_active", "model_decommissioned"}},
}

// types are the codes of errors that come in the middle of a stream, without a status
// of their own, and the status that the same error has before it.
var types = map[string]int{
	"overloaded_error": 529, "api_error": 500, "timeout_error": 504, "server_error": 500, "rate_limit_error": 429, "rate_limit_exceeded": 429,
	"authentication_error": 401, "permission_error": 403, "invalid_api_key": 401, "not_found_error": 404, "invalid_request_error": 400,
	"request_too_large": 413, "billing_error": 402,
}

// classify returns the error that a server's code and message mean. Status is that of
// HTTP, or 0 in the middle of a stream. The message goes into Err as it is: whoever
// names provider and model also cleans it.
func classify(status int, code, message string) *Error {
	effective := status
	if status == 0 {
		if effective = types[code]; effective == 0 {
			effective, _ = strconv.Atoi(code) // OpenRouter's codes are those of HTTP
		}
	}
	e := &Error{Status: status, Kind: kindOf(effective, code, message)}
	text := strings.ToLower(code + " " + message)
	for _, sign := range signs {
		if effective < 400 || effective >= 500 || effective == 401 || effective == 403 && sign.kind != Quota && sign.kind != Refused {
			break
		}
		if effective == 429 && sign.kind != Quota {
			continue // "too many tokens" per minute
		}
		for _, word := range sign.words {
			if strings.Contains(text, word) {
				e.Kind, e.final = sign.kind, sign.final
				return e.told(code, message)
			}
		}
	}
	e.final = effective == http.StatusPaymentRequired
	return e.told(code, message)
}

func kindOf(status int, code, message string) Kind {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return Unauthorized
	case status == http.StatusPaymentRequired, status == http.StatusTooManyRequests:
		return Quota
	case status == http.StatusNotFound:
		if strings.Contains(strings.ToLower(code+" "+message), "model") {
			return NoModel
		}
		return Unreachable // somebody answers, and it is not the one we look for
	case status == http.StatusRequestEntityTooLarge:
		return TooLong
	case status == http.StatusRequestTimeout, status >= 500, status == 0:
		return Overloaded
	case status >= 300 && status < 400:
		return Unreachable
	}
	return BadRequest
}

func (e *Error) told(code, message string) *Error {
	switch {
	case message != "":
		e.Err = said{message}
	case code != "":
		e.Err = said{code}
	case e.Status != 0 && http.StatusText(e.Status) != "":
		e.Err = fmt.Errorf("%s", strings.ToLower(http.StatusText(e.Status)))
	default:
		e.Err = fmt.Errorf("the server does not say why")
	}
	return e
}

// said is what a server said, not yet fit to be repeated: see Client.name.
type said struct{ message string }

func (s said) Error() string { return s.message }

// serverError finds code and message in the body of an error. Servers differ: OpenAI,
// Anthropic and most have an object in "error"; Ollama a string; vLLM and Mistral have
// "message" or "detail" at the top; some have a list with one of these in it.
func serverError(body []byte) (code, message string) {
	var list []json.RawMessage
	if json.Unmarshal(body, &list) == nil && len(list) > 0 {
		body = list[0] // Gemini
	}
	var top struct {
		Error   json.RawMessage `json:"error"`
		Code    json.RawMessage `json:"code"`
		Type    json.RawMessage `json:"type"`
		Message json.RawMessage `json:"message"`
		Detail  json.RawMessage `json:"detail"`
	}
	if json.Unmarshal(body, &top) != nil {
		return "", ""
	}
	if text := scalar(top.Error); text != "" {
		return "", text
	}
	inner := top
	if present(top.Error) && json.Unmarshal(top.Error, &inner) != nil {
		return "", ""
	}
	code = scalar(inner.Code)
	if code == "" {
		code = scalar(inner.Type)
	}
	message = scalar(inner.Message)
	if message == "" {
		message = scalar(inner.Detail)
	}
	return code, message
}

// scalar returns a JSON string or number as text, "" for anything else.
func scalar(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var number json.Number
	if json.Unmarshal(raw, &number) == nil {
		return number.String()
	}
	return ""
}

// retryAfter returns how long a server asks to be left alone: retry-after-ms (OpenAI,
// Azure), or Retry-After in seconds or as a date (RFC 9110, 10.2.3).
func retryAfter(h http.Header, now time.Time) time.Duration {
	const most = 366 * 24 * time.Hour // what is beyond means as much and would overflow
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms > 0 {
		return time.Duration(min(ms/1000, most.Seconds()) * float64(time.Second))
	}
	value := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.ParseFloat(value, 64); err == nil {
		if !(s > 0) {
			return 0
		}
		return time.Duration(min(s, most.Seconds()) * float64(time.Second))
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), most)
	}
	return 0
}
