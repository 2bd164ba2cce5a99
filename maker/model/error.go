package model

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Kind says what went wrong, for whoever must act on it.
type Kind string

const (
	Unreachable  Kind = "unreachable"  // nothing answers at the address
	Unauthorized Kind = "unauthorized" // the key is missing, wrong, or not allowed to
	Quota        Kind = "quota"        // too many requests, or no money left; see Error.RetryAfter
	NoModel      Kind = "no model"     // the provider has no model of that name
	TooLong      Kind = "too long"     // the prompt and the answer do not fit the context
	BadRequest   Kind = "bad request"  // the server understood, and will not
	Overloaded   Kind = "overloaded"   // the server failed, or has no room now
	BadStream    Kind = "bad stream"   // an answer that is malformed, cut, or empty of all events
	Silent       Kind = "silent"       // the server said nothing for too long
	EmptyAnswer  Kind = "empty answer" // complete, and without text
	CutOff       Kind = "cut off"      // the answer reached a limit; what there is of it is in the Reply
	Refused      Kind = "refused"      // the model or a filter declined
	PromptCut    Kind = "prompt cut"   // the server dropped a part of the prompt and answered the rest
	TooMuch      Kind = "too much"     // an answer beyond our bounds
	Canceled     Kind = "canceled"     // the context ended
)

// Error is the only type of error that Ask, Info and List return. Its text is one line that names provider
// and model; it holds no key, nothing of the prompt, and of what the server said one
// short line at most.
type Error struct {
	Kind       Kind
	Provider   string
	Model      string        // "" when the models were listed
	Status     int           // of HTTP; 0 when it did not come to that
	RetryAfter time.Duration // how long the server asks to be left alone; 0 when it does not say
	Hint       string        // a command or a step that helps
	Err        error         // never nil

	final bool // asking again cannot help, although it does for others of its Kind
}

func (e *Error) Error() string {
	name := e.Provider
	if e.Model != "" {
		name += "/" + e.Model
	}
	if e.Status != 0 {
		return fmt.Sprintf("%s: %s (%d): %v", name, e.Kind, e.Status, e.Err)
	}
	return fmt.Sprintf("%s: %s: %v", name, e.Kind, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

func fault(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Err: fmt.Errorf(format, args...)}
}

// maxSaid bounds the bytes of a server's message that an error repeats.
const maxSaid = 240

// clean returns what a server said as one short line, without the key, without anything
// that looks like one, and without what it repeats of the prompt.
func clean(message string, key Secret, prompt []string) string {
	message = strings.ToValidUTF8(message, "\uFFFD")
	message = strings.Join(strings.FieldsFunc(message, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if text := key.Reveal(); text != "" {
		message = strings.ReplaceAll(message, text, hidden)
	}
	words := strings.Split(message, " ")
	for i, word := range words {
		if keyish(word, key.Reveal()) {
			words[i] = hidden
		}
	}
	message = strings.Join(words, " ")
	if len(message) > maxSaid {
		message = strings.ToValidUTF8(message[:maxSaid], "") + "…"
	}
	if repeats(message, prompt) {
		return "what the server said repeats the prompt"
	}
	return message
}

// keyish reports whether a word is, or has the look of, a key: servers repeat a wrong
// one with its middle starred out.
func keyish(word, key string) bool {
	word = strings.Trim(word, `"'.,:;()[]{}<>`+"`")
	if strings.HasPrefix(word, "sk-") || strings.HasPrefix(word, "gsk_") || strings.HasPrefix(word, "xai-") || strings.HasPrefix(word, "AIza") {
		return true
	}
	const telling = 6 // bytes of a key's begin or end that are already too many
	return len(key) >= 2*telling && len(word) >= telling && (strings.HasPrefix(word, key[:telling]) || strings.HasSuffix(word, key[len(key)-telling:]))
}

// repeats reports whether a message holds a passage of the prompt.
func repeats(message string, prompt []string) bool {
	const passage = 20
	for _, text := range prompt {
		text = strings.Join(strings.Fields(text), " ")
		if len(text) < passage {
			if len(text) >= 8 && strings.Contains(message, text) {
				return true
			}
			continue
		}
		for i := 0; i+passage <= len(message); i++ {
			if strings.Contains(text, message[i:i+passage]) {
				return true
			}
		}
	}
	return false
}
