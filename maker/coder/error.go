package coder

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"codeagent.dev/agent/proc"
)

// Reason says why an agent did not come to a good end.
type Reason string

const (
	NotFound      Reason = "not_found"       // there is no such program
	NeedsLogin    Reason = "needs_login"     // it has no account, key or login that works
	Quota         Reason = "quota"           // its service takes no more for now; another time it may
	Failed        Reason = "failed"          // it said so, or its exit status did
	Stalled       Reason = "stalled"         // Task.Idle
	TimedOut      Reason = "timed_out"       // Task.Time
	TooMuchOutput Reason = "too_much_output" // Task.Output
	Canceled      Reason = "canceled"        // the context ended
	Outside       Reason = "outside"         // it wrote outside of the directory
	Asks          Reason = "asks"            // it waits for an answer
	Protocol      Reason = "protocol"        // it speaks otherwise than its kind
)

// Error is an agent's end without success.
type Error struct {
	Reason     Reason
	Message    string        // one line
	Hint       string        // what helps, may be empty
	RetryAfter time.Duration // with Quota, if the service said it; else 0
}

func (e *Error) Error() string { return e.Message }

// What services and agents say of themselves, in English whatever the locale.
var (
	loginWords = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)\b401\b|unauthori[sz]ed|authenticat|not logged in|log ?in (required|again)|please (run )?/?log ?in|run /login|sign in|(invalid|incorrect|missing|no) (x-)?api[- ]?key|api[- ]?key (is )?(not (set|found|valid)|missing|invalid|required)|invalid_api_key|no (auth|credentials)`)
	})
	quotaWords = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)\b(429|529)\b|rate.?limit|quota|usage limit|too many requests|overloaded|insufficient.?(credit|fund|balance)|high demand|resource.?exhausted|\bcredit balance\b`)
	})
	retryWords = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)(?:try again|retry|wait|reset\w*)\D{0,20}?(\d{1,6}(?:\.\d{1,3})?) ?(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?)\b`)
	})
)

// blame makes the error of what an agent said when it failed.
func (a Agent) blame(said string) *Error {
	e := &Error{Reason: Failed, Message: oneLine(said)}
	switch {
	case quotaWords().MatchString(said):
		e.Reason, e.RetryAfter = Quota, retryAfter(said)
		e.Hint = "wait, or name another agent"
	case loginWords().MatchString(said):
		e.Reason, e.Hint = NeedsLogin, a.Login
	}
	return e
}

func retryAfter(said string) time.Duration {
	m := retryWords().FindStringSubmatch(said)
	if m == nil {
		return 0
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return 0
	}
	unit := time.Second
	switch u := strings.ToLower(m[2]); {
	case strings.HasPrefix(u, "ms"), strings.HasPrefix(u, "milli"):
		unit = time.Millisecond
	case strings.HasPrefix(u, "m"):
		unit = time.Minute
	case strings.HasPrefix(u, "h"):
		unit = time.Hour
	}
	return min(time.Duration(n*float64(unit)), 24*time.Hour)
}

// maxLine bounds the bytes of a line of a message or of a tool's title.
const maxLine = 300

// oneLine makes one printable line of at most maxLine bytes of a text.
func oneLine(text string) string {
	return proc.OneLine(text[:min(len(text), 8*maxLine)], maxLine)
}

// lastLine returns the last line of an output that is not blank.
func lastLine(text string) string { return oneLine(proc.LastLine(text)) }
