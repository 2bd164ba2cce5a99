package spool

import "context"

// Pass takes what is there, once. With all, every known repository is looked at.
func (t *Taker) Pass(ctx context.Context, all bool) { t.pass(ctx, all) }

// OnStep is called between any two steps that touch the disk.
func (t *Taker) OnStep(f func(string)) { t.step = f }

func Parse(text string) ([]Note, error) { return parse(text) }

func Trailers(message, key string) ([]string, bool) { return trailers(message, key) }

// ErrUnfinished is what Parse says of a note that is being written.
var ErrUnfinished = errUnfinished
