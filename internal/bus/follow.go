package bus

import (
	"context"
	"errors"
	"figlab/internal/process"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// A consumer of Follow is forgotten by the broker when its process has gone.
	followerKept = time.Minute
	followAtOnce = 256
	followBeat   = 5 * time.Second // tells when the broker went away silently
)

// Follow returns the part that hands over, in order, what is published from now on, to this process alone. Nothing is acknowledged and
// nothing kept: gap is called at the start, and again whenever messages may have been missed, so that a cache can empty itself. gap
// and handle are never called at the same time.
func (b *Bus) Follow(subjects []string, handle func(Message), gap func()) process.Part {
	name := "follower of " + strings.Join(subjects, ", ")
	return process.Part{Name: name, Run: func(ctx context.Context) error {
		for ctx.Err() == nil {
			err := b.follow(ctx, subjects, handle, gap)
			if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, ErrAway) { // cancelled: the connection was lost
				b.deps.Log.WarnContext(ctx, "follower interrupted", "subjects", subjects, "error", err.Error())
			}
			_ = process.Pause(ctx, 100*time.Millisecond) // the loop looks at ctx
		}
		return nil
	}}
}

// follow goes on until the connection is lost or a message is missing; then a consumer of its own is of no more use.
func (b *Bus) follow(ctx context.Context, subjects []string, handle func(Message), gap func()) error {
	ctx, cancel := b.untilLost(ctx)
	defer cancel()
	messages, err := b.ephemeral(ctx, subjects)
	if err != nil {
		return err
	}
	defer messages.Stop()
	gap() // only now: what is published from here on comes
	for expected := uint64(1); ; expected++ {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("next message: %w", err)
		}
		meta, err := m.Metadata()
		if err != nil {
			return fmt.Errorf("next message: %w", err)
		}
		if meta.Sequence.Consumer != expected {
			return fmt.Errorf("message %d came where %d was due", meta.Sequence.Consumer, expected)
		}
		handle(receive(m).message)
	}
}

// ephemeral makes a consumer of this process's own, in the broker's memory, for what is new.
func (b *Bus) ephemeral(ctx context.Context, subjects []string) (jetstream.MessagesContext, error) {
	if !b.Connected() {
		return nil, ErrAway
	}
	if err := b.streams(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	c, err := b.js.CreateConsumer(ctx, streamName, jetstream.ConsumerConfig{
		FilterSubjects: subjects, AckPolicy: jetstream.AckNonePolicy, DeliverPolicy: jetstream.DeliverNewPolicy,
		MemoryStorage: true, InactiveThreshold: followerKept,
	})
	if err != nil {
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			b.unsure()
		}
		return nil, fmt.Errorf("make a follower: %w", err)
	}
	messages, err := c.Messages(jetstream.PullMaxMessages(followAtOnce), jetstream.PullExpiry(longestPull),
		jetstream.PullHeartbeat(followBeat))
	if err != nil {
		return nil, fmt.Errorf("follow: %w", err)
	}
	return messages, nil
}
