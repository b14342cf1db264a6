package bus

import (
	"context"
	"errors"
	"figlab/internal/process"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	ackWait = 10 * time.Second
	// longestPull is how long one request for messages stands at the broker. Its heartbeats tell when the broker went away silently.
	longestPull = 30 * time.Second
	// inFlight bounds what all instances of a consumer together have taken and not finished.
	inFlight = 1024
	// oneAfterTheOther is how many messages Consume fetches at once.
	oneAfterTheOther = 32
)

// A subscription is what one consumer asks for.
type subscription struct {
	durable  string
	subjects []string
	most     int
	handle   func(context.Context, []Message) []error
}

// Consume returns the part that hands the messages of a durable consumer to handle, one after the other. A message is finished when
// handle returns nil, goes to the dead letters at once when the error is marked by Poison, and comes again after a growing pause
// otherwise; after eight deliveries it goes to the dead letters too.
func (b *Bus) Consume(durable string, subjects []string, handle func(context.Context, Message) error) process.Part {
	return b.ConsumeBatch(durable, subjects, oneAfterTheOther, func(ctx context.Context, ms []Message) []error {
		return each(ctx, ms, handle)
	})
}

// ConsumeBatch is Consume for handlers that are faster with up to most messages at once. handle returns one error per message, nil where
// it is finished, or nil when all are; see Whole for handlers that only know one error for all.
func (b *Bus) ConsumeBatch(
	durable string, subjects []string, most int, handle func(context.Context, []Message) []error,
) process.Part {
	s := subscription{durable: durable, subjects: subjects, most: max(most, 1), handle: handle}
	return process.Part{Name: "consumer " + durable, Run: func(ctx context.Context) error {
		for ctx.Err() == nil {
			err := b.consume(ctx, s)
			if err != nil && ctx.Err() == nil && !errors.Is(err, ErrAway) {
				b.deps.Log.WarnContext(ctx, "consumer interrupted", "consumer", durable, "error", err.Error())
			}
			_ = process.Pause(ctx, 300*time.Millisecond) // the loop looks at ctx
		}
		return nil
	}}
}

// Prepare makes sure that a durable consumer exists: what is published from now on will reach it, and so does what is played again for it.
func (b *Bus) Prepare(ctx context.Context, durable string, subjects []string) (jetstream.Consumer, error) {
	if !b.Connected() {
		return nil, ErrAway
	}
	if err := b.streams(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	filter := append([]string{replayPrefix + durable}, subjects...)
	c, err := b.js.CreateOrUpdateConsumer(ctx, streamName, jetstream.ConsumerConfig{
		Durable: durable, FilterSubjects: filter, AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait,
		DeliverPolicy: jetstream.DeliverAllPolicy, MaxAckPending: inFlight, InactiveThreshold: keep,
	})
	if err != nil {
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			b.unsure()
		}
		return nil, fmt.Errorf("consumer %s: %w", durable, err)
	}
	return c, nil
}

// Pending says how many messages a durable consumer has not finished. It makes the consumer when there is none.
func (b *Bus) Pending(ctx context.Context, durable string, subjects []string) (int64, error) {
	if !b.Connected() {
		return 0, ErrAway
	}
	bounded, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	c, err := b.js.Consumer(bounded, streamName, durable) // brings fresh counts
	if errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
		c, err = b.Prepare(ctx, durable, subjects)
	}
	if err != nil {
		return 0, fmt.Errorf("consumer %s: %w", durable, err)
	}
	info := c.CachedInfo()
	return int64(info.NumPending) + int64(info.NumAckPending), nil
}

// consume hands messages over until ctx ends or the connection is lost.
func (b *Bus) consume(ctx context.Context, s subscription) error {
	pulling, cancel := b.untilLost(ctx)
	defer cancel()
	c, err := b.Prepare(ctx, s.durable, s.subjects)
	if err != nil {
		return err
	}
	for more := false; pulling.Err() == nil; {
		batch, err := pull(pulling, c, s.most, more)
		if err != nil && !idle(err) {
			return err
		}
		if more = len(batch) > 0 && batch[len(batch)-1].waiting > 0; len(batch) == 0 {
			continue
		}
		if err := b.deliver(ctx, s, batch); err != nil {
			return err
		}
	}
	return nil
}

// pull returns up to most messages as soon as there is one. A request costs a round trip, so it asks at once for many when there are more,
// and for the rest of a batch only when the first says that others wait. It takes no more than it hands over: the rest is free for
// other instances.
func pull(ctx context.Context, c jetstream.Consumer, most int, more bool) (batch []received, err error) {
	if !more {
		waiting, cancel := context.WithTimeout(ctx, longestPull)
		defer cancel()
		first, err := c.Next(jetstream.FetchContext(waiting))
		if err != nil {
			return nil, fmt.Errorf("next message: %w", err)
		}
		batch = append(batch, receive(first))
		if most == 1 || batch[0].waiting == 0 {
			return batch, nil
		}
	}
	// When this fails, what there is goes first; the next request meets the error again.
	if fetched, err := c.FetchNoWait(most - len(batch)); err == nil {
		for m := range fetched.Messages() {
			batch = append(batch, receive(m))
		}
	}
	return batch, nil
}

// idle says that no message came in time, or that nobody waits for one any more.
func idle(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, nats.ErrTimeout) ||
		errors.Is(err, jetstream.ErrNoMessages)
}
