package model

import (
	"errors"
	"io"
	"strings"
	"time"
)

// Usage is what the server says that an answer took, in tokens. The three parts of the
// prompt do not overlap. The zero Usage means that it did not say.
type Usage struct {
	Input      int // of the prompt, read at the full price
	CacheRead  int // of the prompt, read from the provider's cache
	CacheWrite int // of the prompt, written to it
	Output     int // of the answer, thoughts included
}

// Prompt returns the tokens of the whole prompt.
func (u Usage) Prompt() int { return u.Input + u.CacheRead + u.CacheWrite }

// maxAnswer bounds the bytes of an answer; a larger one is no patch for a person.
const maxAnswer = 16 << 20

// answer collects what a stream says.
type answer struct {
	on    func(string) // takes the text as it comes; nil for none
	text  strings.Builder
	think thinking
	size  int // bytes of text and thoughts
	model string
	stop  string // why the answer ended, in the provider's word; "" while it has not
	usage Usage
	begun bool      // a word came, be it a thought
	first time.Time // when the first text came
	why   string    // what was refused, when the provider says
}

// say takes a piece of the answer.
func (a *answer) say(piece string) error {
	if piece == "" {
		return nil
	}
	if err := a.thought(piece); err != nil {
		return err
	}
	a.put(a.think.pass(piece))
	return nil
}

func (a *answer) put(text string) {
	if text == "" {
		return
	}
	if a.first.IsZero() {
		a.first = time.Now()
	}
	a.text.WriteString(text)
	if a.on != nil {
		a.on(text)
	}
}

// thought takes a piece that is no part of the answer.
func (a *answer) thought(piece string) error {
	a.begun = a.begun || piece != ""
	a.size += len(piece)
	if a.size > maxAnswer {
		return fault(TooMuch, "an answer of more than %d MiB", maxAnswer>>20)
	}
	return nil
}

// end gives out what was held back.
func (a *answer) end() { a.put(a.think.rest()) }

// thinking takes the thoughts out of an answer whose server leaves them in, between
// <think> and </think> at its very begin. Elsewhere these are the text's own.
type thinking struct {
	state int
	held  string
}

const (
	undecided = iota // what came so far may be the begin of <think>
	inThought
	afterThought // blanks between the thoughts and the answer
	inAnswer
)

const (
	openThought  = "<think>"
	closeThought = "</think>"
)

func (t *thinking) pass(piece string) string {
	if t.state == inAnswer {
		return piece
	}
	t.held += piece
	if t.state == undecided {
		begin := strings.TrimLeft(t.held, " \t\r\n")
		switch {
		case strings.HasPrefix(begin, openThought):
			t.state, t.held = inThought, begin[len(openThought):]
		case strings.HasPrefix(openThought, begin):
			return ""
		default:
			t.state = inAnswer
			return t.rest()
		}
	}
	if t.state == inThought {
		_, after, ended := strings.Cut(t.held, closeThought)
		if !ended {
			t.held = t.held[max(0, len(t.held)-len(closeThought)+1):]
			return ""
		}
		t.state, t.held = afterThought, after
	}
	t.held = strings.TrimLeft(t.held, " \t\r\n")
	if t.held == "" {
		return ""
	}
	t.state = inAnswer
	return t.rest()
}

// rest returns what was held back of an answer that is over.
func (t *thinking) rest() string {
	held := t.held
	t.held = ""
	if t.state == inThought {
		return ""
	}
	return held
}

// broken is the error of a stream that could not be read on.
func broken(err error, a *answer) error {
	if typed, ok := errors.AsType[*Error](err); ok {
		return typed
	}
	switch {
	case errors.Is(err, errLine):
		return fault(TooMuch, "%w", err)
	case errors.Is(err, io.EOF) && !a.begun:
		return fault(BadStream, "it ended before it said anything")
	case errors.Is(err, io.EOF):
		return fault(BadStream, "it ended in the middle of the answer")
	}
	return fault(BadStream, "%w", err)
}

// malformed is the error of an event that is not what it should be. What it is instead
// is not told: it may be a part of the answer.
func malformed() error { return fault(BadStream, "an event that is not as the protocol says") }
