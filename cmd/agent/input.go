package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// errTooLong is the error of an input with more bytes than allowed.
var errTooLong = errors.New("too long")

// readInput reads a file, or stdin for "-", of at most so many bytes. A name is looked
// up from the directory the command works in, as git does with -C. On a terminal it says
// what it waits for.
func (a *app) readInput(ctx context.Context, dir, name, what string, most int64) ([]byte, error) {
	r := a.in
	if name == "-" {
		if isTerminal(a.in) {
			a.say("reading the %s from the terminal; end it with Ctrl-D", what)
		}
	} else {
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			ctx = context.WithoutCancel(ctx) // it comes to an end by itself
		}
	}
	text, err := readAll(ctx, io.LimitReader(r, most+1))
	if err == nil && int64(len(text)) > most {
		err = errTooLong
	}
	return text, err
}

// readAll reads to the end, or until ctx ends: a terminal, or whoever writes into
// the pipe, may never come to one.
func readAll(ctx context.Context, r io.Reader) ([]byte, error) {
	if ctx.Done() == nil {
		return io.ReadAll(r)
	}
	type read struct {
		text []byte
		err  error
	}
	done := make(chan read, 1)
	go func() {
		text, err := io.ReadAll(r)
		done <- read{text, err}
	}()
	select {
	case got := <-done:
		return got.text, got.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
