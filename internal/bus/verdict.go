package bus

import (
	"context"
	"errors"
)

// A verdict is what a handler says about a message: nil, it is done; an error, it comes again after a growing pause and is a dead letter
// after eight deliveries; Poison, it is a dead letter at once; Later, it comes again however often it takes.

type poison struct{ error }

func (p poison) Unwrap() error { return p.error }

type later struct{ error }

func (l later) Unwrap() error { return l.error }

// Poison marks an error as one that no further delivery can heal: the message goes to the dead letters at once.
func Poison(err error) error {
	if err == nil {
		return nil
	}
	return poison{err}
}

// Poisoned says whether an error was marked by Poison.
func Poisoned(err error) bool {
	var p poison
	return errors.As(err, &p)
}

// Later marks an error as one that is not the message's fault, such as a store that is away: it comes again and is never buried for that.
// The deliveries count nevertheless: should it fail by itself after eight of them, it is buried at the first failure.
func Later(err error) error {
	if err == nil {
		return nil
	}
	return later{err}
}

func postponed(err error) bool {
	var l later
	return errors.As(err, &l)
}

// Whole adapts a handler that takes a batch as a whole or not at all, as one in one transaction. When it fails, each message is handed to
// it by itself, so that one that cannot be handled does not take the others along.
func Whole(handle func(context.Context, []Message) error) func(context.Context, []Message) []error {
	return func(ctx context.Context, ms []Message) []error {
		err := handle(ctx, ms)
		if err == nil {
			return nil
		}
		if len(ms) == 1 {
			return []error{err}
		}
		return each(ctx, ms, func(ctx context.Context, m Message) error { return handle(ctx, []Message{m}) })
	}
}

// each handles messages one after the other. When ctx ends, the rest is given back.
func each(ctx context.Context, ms []Message, handle func(context.Context, Message) error) []error {
	verdicts := make([]error, len(ms))
	for i, m := range ms {
		if verdicts[i] = ctx.Err(); verdicts[i] == nil {
			verdicts[i] = handle(ctx, m)
		}
	}
	return verdicts
}
