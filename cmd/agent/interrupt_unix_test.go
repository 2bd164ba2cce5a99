//go:build unix

package main

import (
	"context"
	"os"
	"syscall"
	"testing"
)

// A signal ends the context and everything made of it, once somebody has asked for Done.
func TestInterruptible(t *testing.T) {
	ctx := newInterruptible()
	defer ctx.close()
	if detached := context.WithoutCancel(ctx); detached.Done() != nil || ctx.stop != nil || ctx.Err() != nil {
		t.Error("it listens before anybody asks")
	}
	child, cancel := context.WithCancel(context.WithValue(ctx, ctx, "value"))
	defer cancel()
	if child.Err() != nil || ctx.Err() != nil || ctx.Value(ctx) != nil {
		t.Errorf("before the signal: %v, %v", child.Err(), ctx.Err())
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-child.Done()
	if child.Err() != context.Canceled || ctx.Err() != context.Canceled {
		t.Errorf("after it: %v, %v", child.Err(), ctx.Err())
	}
}
