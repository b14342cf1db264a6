package bus

import (
	"context"
	"errors"
	"figlab/internal/process"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	streamName = "SHOP"
	deadStream = "DEAD"
	// Subjects of the shop begin with shop., those of messages played again with replay., dead letters with dead.; after the latter two
	// comes the consumer's name.
	subjects       = "shop.>"
	replayPrefix   = "replay."
	deadPrefix     = "dead."
	replaySubjects = replayPrefix + ">"
	deadSubjects   = deadPrefix + ">"
)

// keep is how long the stream keeps a message, and the broker a consumer that nobody asks for: by then there is nothing left that it
// could have missed.
const keep = 24 * time.Hour

// ackWithin bounds the wait for one acknowledgement, and for room among those that are waited for.
const ackWithin = 5 * time.Second

// keepDead is how long a dead letter waits to be looked at.
const keepDead = 7 * 24 * time.Hour

// A Bus is a connection that heals itself.
type Bus struct {
	conn *nats.Conn
	js   jetstream.JetStream
	deps process.Deps

	epoch   atomic.Uint64 // counts the times at which the streams may have gone
	mu      sync.Mutex
	ensured uint64 // the epoch in which the streams are known to exist

	lostMu sync.Mutex
	lost   chan struct{} // closed when the connection is lost, and then replaced
}

type dialer struct{ deps process.Deps }

// Dial lets the connection go over the process's links.
func (d dialer) Dial(network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	return d.deps.Dial(ctx, network, address)
}

// Dial returns at once: the connection is made, and made again, in the background. url is nats://host:port.
func Dial(deps process.Deps, url string) (*Bus, error) {
	b := &Bus{deps: deps, lost: make(chan struct{})}
	b.unsure()
	conn, err := nats.Connect(url,
		nats.Name(deps.Name), nats.SetCustomDialer(dialer{deps}), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1),
		nats.ReconnectWait(250*time.Millisecond), nats.ReconnectJitter(100*time.Millisecond, 100*time.Millisecond),
		nats.ReconnectBufSize(-1), nats.Timeout(2*time.Second), nats.PingInterval(5*time.Second), nats.MaxPingsOutstanding(2),
		nats.DrainTimeout(2*time.Second), nats.DisconnectErrHandler(func(*nats.Conn, error) { b.disconnected() }),
		nats.ReconnectHandler(func(*nats.Conn) { b.unsure() }))
	if err != nil {
		return nil, fmt.Errorf("connect to the broker at %s: %w", url, err)
	}
	b.conn = conn
	b.js, err = jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(512), jetstream.WithPublishAsyncTimeout(ackWithin))
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("connect to the broker at %s: %w", url, err)
	}
	return b, nil
}

// Close ends the connection.
func (b *Bus) Close() { b.conn.Close() }

// Connected says whether the broker is within reach right now.
func (b *Bus) Connected() bool { return b.conn.IsConnected() }

// Lost returns a channel that is closed when the connection is lost the next time: who follows the broker live begins anew then.
func (b *Bus) Lost() <-chan struct{} {
	b.lostMu.Lock()
	defer b.lostMu.Unlock()
	return b.lost
}

func (b *Bus) disconnected() {
	b.lostMu.Lock()
	defer b.lostMu.Unlock()
	close(b.lost)
	b.lost = make(chan struct{})
}

// untilLost returns a context that ends with the connection too.
func (b *Bus) untilLost(ctx context.Context) (context.Context, context.CancelFunc) {
	lost := b.Lost()
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		select {
		case <-lost:
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// JetStream is the connection as the registry needs it.
func (b *Bus) JetStream() jetstream.JetStream { return b.js }

// ErrAway is returned while the broker is not within reach.
var ErrAway = errors.New("the broker is not within reach")

// Publish sends messages and returns when the stream has acknowledged all of them. After an error any of them may have been stored:
// publish all again, under the same ids.
func (b *Bus) Publish(ctx context.Context, messages ...Message) error {
	sent := make([]*nats.Msg, len(messages))
	for i, m := range messages {
		sent[i] = &nats.Msg{Subject: m.Subject, Data: m.Data, Header: nats.Header{nats.MsgIdHdr: {m.ID}}}
	}
	return b.publish(ctx, sent...)
}

func (b *Bus) publish(ctx context.Context, messages ...*nats.Msg) error {
	if !b.Connected() {
		return ErrAway
	}
	if err := b.streams(ctx); err != nil {
		return err
	}
	acks := make([]jetstream.PubAckFuture, 0, len(messages))
	for _, m := range messages {
		ack, err := b.js.PublishMsgAsync(m, jetstream.WithStallWait(ackWithin))
		if err != nil {
			return b.notPublished(m.Subject, err)
		}
		acks = append(acks, ack)
	}
	for _, ack := range acks {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			return b.notPublished(ack.Msg().Subject, err)
		case <-ctx.Done():
			return fmt.Errorf("publish: %w", ctx.Err())
		}
	}
	return nil
}

func (b *Bus) notPublished(subject string, err error) error {
	if errors.Is(err, jetstream.ErrNoStreamResponse) {
		b.unsure() // the broker has lost the streams: they are made again by the next try
	}
	return fmt.Errorf("publish %s: %w", subject, err)
}

// unsure has the streams looked for again.
func (b *Bus) unsure() { b.epoch.Add(1) }

// streams makes sure that the streams exist; the answer is remembered until the connection is made anew or the broker has lost them.
func (b *Bus) streams(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	epoch := b.epoch.Load()
	if b.ensured == epoch {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for _, s := range []jetstream.StreamConfig{
		{Name: streamName, Subjects: []string{subjects, replaySubjects}, MaxAge: keep},
		{Name: deadStream, Subjects: []string{deadSubjects}, MaxAge: keepDead, AllowDirect: true},
	} {
		s.Storage, s.Retention, s.Discard = jetstream.FileStorage, jetstream.LimitsPolicy, jetstream.DiscardOld
		s.MaxBytes, s.MaxMsgSize, s.Duplicates = 512<<20, 1<<20, 2*time.Minute
		if _, err := b.js.CreateOrUpdateStream(ctx, s); err != nil {
			return fmt.Errorf("stream %s: %w", s.Name, err)
		}
	}
	b.ensured = epoch
	return nil
}
