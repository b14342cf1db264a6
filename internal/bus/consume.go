package bus

import (
	"context"
	"errors"
	"figlab/internal/process"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	maxDeliveries = 8 // then the message goes to dead.<consumer>
	ackWait       = 10 * time.Second
)

// Consume returns the part that hands the messages of a durable consumer to handle, one after the other. A message is acknowledged when
// handle returns nil, and comes again after a growing pause when it does not; after eight deliveries it goes to the dead letters.
func (b *Bus) Consume(durable string, subjects []string, handle func(context.Context, Message) error) process.Part {
	return b.ConsumeBatch(durable, subjects, 1, func(ctx context.Context, ms []Message) error { return handle(ctx, ms[0]) })
}

// ConsumeBatch is Consume for handlers that are faster with up to most messages at once. A batch fails as a whole.
func (b *Bus) ConsumeBatch(durable string, subjects []string, most int, handle func(context.Context, []Message) error) process.Part {
	return process.Part{Name: "consumer " + durable, Run: func(ctx context.Context) error {
		for ctx.Err() == nil {
			err := b.consume(ctx, durable, subjects, most, handle)
			if err != nil && ctx.Err() == nil {
				b.deps.Log.WarnContext(ctx, "consumer interrupted", "consumer", durable, "error", err.Error())
			}
			_ = process.Pause(ctx, 300*time.Millisecond) // the loop looks at ctx
		}
		return nil
	}}
}

// Prepare makes sure that a durable consumer exists: what is published from now on will reach it.
func (b *Bus) Prepare(ctx context.Context, durable string, subjects []string) (jetstream.Consumer, error) {
	if !b.Connected() {
		return nil, ErrAway
	}
	if err := b.streams(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	c, err := b.js.CreateOrUpdateConsumer(ctx, streamName, jetstream.ConsumerConfig{
		Durable: durable, FilterSubjects: subjects, AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait,
		DeliverPolicy: jetstream.DeliverAllPolicy, MaxAckPending: 1024,
	})
	if err != nil {
		return nil, fmt.Errorf("consumer %s: %w", durable, err)
	}
	return c, nil
}

// Pending says how many messages a durable consumer has not finished.
func (b *Bus) Pending(ctx context.Context, durable string, subjects []string) (int64, error) {
	c, err := b.Prepare(ctx, durable, subjects)
	if err != nil {
		return 0, err
	}
	info, err := c.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("consumer %s: %w", durable, err)
	}
	return int64(info.NumPending) + int64(info.NumAckPending), nil
}

func (b *Bus) consume(
	ctx context.Context, durable string, subjects []string, most int, handle func(context.Context, []Message) error,
) error {
	c, err := b.Prepare(ctx, durable, subjects)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		first, err := c.Next(jetstream.FetchContext(bounded(ctx)))
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, jetstream.ErrNoMessages) {
			continue
		}
		if err != nil {
			return fmt.Errorf("next message: %w", err)
		}
		batch := []jetstream.Msg{first}
		if most > 1 {
			batch = append(batch, waiting(c, most-1)...)
		}
		if err := b.deliver(ctx, durable, batch, handle); err != nil {
			return err
		}
	}
	return nil
}

// waiting takes what is there already, without waiting for more.
func waiting(c jetstream.Consumer, most int) (more []jetstream.Msg) {
	fetched, err := c.FetchNoWait(most)
	if err != nil {
		return nil
	}
	for m := range fetched.Messages() {
		more = append(more, m)
	}
	return more
}

// deliver hands a batch over and settles every message of it.
func (b *Bus) deliver(ctx context.Context, durable string, batch []jetstream.Msg, handle func(context.Context, []Message) error) error {
	messages := make([]Message, len(batch))
	deliveries := uint64(0)
	for i, m := range batch {
		messages[i] = Message{Subject: m.Subject(), ID: m.Headers().Get("Nats-Msg-Id"), Data: m.Data()}
		if meta, err := m.Metadata(); err == nil {
			messages[i].Redelivered = meta.NumDelivered > 1
			deliveries = max(deliveries, meta.NumDelivered)
		}
	}
	failed := handle(ctx, messages)
	if failed == nil {
		return settle(batch, jetstream.Msg.Ack)
	}
	if ctx.Err() != nil { // stopping: whoever comes next gets them again
		return settle(batch, jetstream.Msg.Nak)
	}
	b.deps.Log.WarnContext(ctx, "message not handled",
		"consumer", durable, "subject", messages[0].Subject, "id", messages[0].ID, "delivery", deliveries, "error", failed.Error())
	if deliveries < maxDeliveries {
		wait := min(20*time.Millisecond<<deliveries, 5*time.Second)
		return settle(batch, func(m jetstream.Msg) error { return m.NakWithDelay(wait) })
	}
	if err := b.bury(ctx, durable, messages); err != nil {
		return err
	}
	return settle(batch, jetstream.Msg.Ack)
}

// bury keeps what could not be handled.
func (b *Bus) bury(ctx context.Context, durable string, messages []Message) error {
	dead := make([]Message, len(messages))
	for i, m := range messages {
		dead[i] = Message{Subject: "dead." + durable, ID: durable + ":" + m.ID, Data: m.Data}
	}
	return b.Publish(ctx, dead...)
}

func settle(batch []jetstream.Msg, how func(jetstream.Msg) error) error {
	var errs []error
	for _, m := range batch {
		errs = append(errs, how(m))
	}
	return errors.Join(errs...)
}

// bounded limits one wait for a message, so that a broker that went away silently is noticed.
func bounded(ctx context.Context) context.Context {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	context.AfterFunc(ctx, cancel)
	return ctx
}
