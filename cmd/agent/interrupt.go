package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// interruptible is a context that the first interrupt ends; a second one ends the
// process at once. It listens from the first time anybody asks for Done: most commands
// are over before a person could interrupt them, and listening takes a thread. Until
// then an interrupt ends the process, as it does any other's.
type interruptible struct {
	context.Context // Background, then the one that a signal ends

	mu   sync.Mutex
	stop context.CancelFunc // nil: nobody has asked yet
}

func newInterruptible() *interruptible { return &interruptible{Context: context.Background()} }

func (c *interruptible) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stop == nil {
		c.Context, c.stop = signal.NotifyContext(c.Context, os.Interrupt, syscall.SIGTERM)
		context.AfterFunc(c.Context, c.stop)
	}
	return c.Context.Done()
}

func (c *interruptible) now() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Context
}

// Err and Value are those of whatever Done has made: package context recognizes its
// own contexts by their values, and then needs no goroutine to pass the end on.
func (c *interruptible) Err() error { return c.now().Err() }

func (c *interruptible) Value(key any) any { return c.now().Value(key) }

func (c *interruptible) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stop != nil {
		c.stop()
	}
}
