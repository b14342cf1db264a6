package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// buryWithin bounds the writing of one dead letter, so that a consumer can stop.
const buryWithin = 2 * time.Second

// replayAtOnce is how many dead letters one Replay looks at.
const replayAtOnce = 10_000

// A DeadLetter is a message that a consumer could not handle.
type DeadLetter struct {
	ID         string    `json:"id"`      // of the message
	Subject    string    `json:"subject"` // it came under
	Data       []byte    `json:"data"`
	Reason     string    `json:"reason"`
	Deliveries int       `json:"deliveries"`
	Replays    int       `json:"replays"` // how often it had been played again before it died this time
	Died       time.Time `json:"died"`

	sequence uint64 // its place in the stream
}

// bury keeps what could not be handled, with all that is needed to understand it and to play it again, and says so.
func (b *Bus) bury(ctx context.Context, durable string, m received, reason error) error {
	ctx, cancel := context.WithTimeout(ctx, buryWithin)
	defer cancel()
	letter := &nats.Msg{Subject: deadPrefix + durable, Data: m.Data(), Header: nats.Header{
		nats.MsgIdHdr:    {fmt.Sprintf("%s:%s:%d", durable, m.message.ID, m.replays)},
		headerID:         {m.message.ID},
		headerSubject:    {m.message.Subject},
		headerReplays:    {strconv.Itoa(m.replays)},
		headerReason:     {line(reason.Error())},
		headerDeliveries: {strconv.FormatUint(m.deliveries, 10)},
		headerTime:       {b.deps.Now().UTC().Format(time.RFC3339Nano)},
	}}
	if err := b.publish(ctx, letter); err != nil { // unsettled, it comes again
		return fmt.Errorf("bury message %s of consumer %s: %w", m.message.ID, durable, err)
	}
	b.deps.Log.ErrorContext(ctx, "message buried: it waits with the dead letters until it is played again", "consumer", durable,
		"subject", m.message.Subject, "id", m.message.ID, "deliveries", m.deliveries, "reason", reason.Error())
	return settled(m.Ack())
}

// Dead lists the dead letters of a consumer, oldest first, at most so many.
func (b *Bus) Dead(ctx context.Context, durable string, most int) ([]DeadLetter, error) {
	stream, err := b.graveyard(ctx)
	if err != nil {
		return nil, err
	}
	return dead(ctx, stream, durable, most)
}

func (b *Bus) graveyard(ctx context.Context) (jetstream.Stream, error) {
	if !b.Connected() {
		return nil, ErrAway
	}
	if err := b.streams(ctx); err != nil {
		return nil, err
	}
	stream, err := b.js.Stream(ctx, deadStream)
	if err != nil {
		return nil, fmt.Errorf("dead letters: %w", err)
	}
	return stream, nil
}

func dead(ctx context.Context, stream jetstream.Stream, durable string, most int) ([]DeadLetter, error) {
	letters := []DeadLetter{}
	for at := uint64(1); len(letters) < most; {
		m, err := stream.GetMsg(ctx, at, jetstream.WithGetMsgSubject(deadPrefix+durable))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("dead letters of %s: %w", durable, err)
		}
		letters = append(letters, letter(m))
		at = m.Sequence + 1
	}
	return letters, nil
}

func letter(m *jetstream.RawStreamMsg) DeadLetter {
	l := DeadLetter{
		ID: m.Header.Get(headerID), Subject: m.Header.Get(headerSubject), Data: m.Data, Reason: m.Header.Get(headerReason),
		Deliveries: number(m.Header, headerDeliveries), Replays: number(m.Header, headerReplays), Died: m.Time, sequence: m.Sequence,
	}
	if at, err := time.Parse(time.RFC3339Nano, m.Header.Get(headerTime)); err == nil {
		l.Died = at
	}
	return l
}

// Replay gives dead letters back to their consumer, and to no other: those with the given ids, or all. It returns how many.
func (b *Bus) Replay(ctx context.Context, durable string, ids []string) (int, error) {
	stream, err := b.graveyard(ctx)
	if err != nil {
		return 0, err
	}
	if _, err := b.js.Consumer(ctx, streamName, durable); err != nil { // nobody would take them
		return 0, fmt.Errorf("play dead letters again: consumer %s: %w", durable, err)
	}
	letters, err := dead(ctx, stream, durable, replayAtOnce)
	if err != nil {
		return 0, err
	}
	replayed := 0
	for _, l := range letters {
		if len(ids) > 0 && !slices.Contains(ids, l.ID) {
			continue
		}
		if err := b.replay(ctx, stream, durable, l); err != nil {
			return replayed, fmt.Errorf("play dead letter %s of %s again: %w", l.ID, durable, err)
		}
		replayed++
	}
	return replayed, nil
}

// replay publishes first and removes then: a crash between the two makes a second delivery, never a loss.
func (b *Bus) replay(ctx context.Context, stream jetstream.Stream, durable string, l DeadLetter) error {
	again := l.Replays + 1
	err := b.publish(ctx, &nats.Msg{Subject: replayPrefix + durable, Data: l.Data, Header: nats.Header{
		nats.MsgIdHdr: {fmt.Sprintf("%s:%s:replay-%d:%d", durable, l.ID, again, l.sequence)},
		headerID:      {l.ID},
		headerSubject: {l.Subject},
		headerReplays: {strconv.Itoa(again)},
	}})
	if err != nil {
		return err
	}
	if err := stream.DeleteMsg(ctx, l.sequence); err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
		return fmt.Errorf("take it from the dead letters: %w", err)
	}
	return nil
}

// Deaths counts the dead letters of every consumer that has any.
func (b *Bus) Deaths(ctx context.Context) (map[string]int, error) {
	stream, err := b.graveyard(ctx)
	if err != nil {
		return nil, err
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(deadSubjects))
	if err != nil {
		return nil, fmt.Errorf("dead letters: %w", err)
	}
	deaths := map[string]int{}
	for subject, n := range info.State.Subjects {
		deaths[subject[len(deadPrefix):]] = int(n)
	}
	return deaths, nil
}
