package bus

import (
	"context"
	"errors"
	"figlab/internal/process"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	streamName = "SHOP"
	deadStream = "DEAD"
	// Subjects of the shop begin with shop., dead letters with dead. and the consumer's name.
	subjects     = "shop.>"
	deadSubjects = "dead.>"
)

// A Message on the bus.
type Message struct {
	Subject     string
	ID          string // unique; the broker drops a second one
	Data        []byte
	Redelivered bool // this consumer may have seen it before
}

// A Bus is a connection that heals itself.
type Bus struct {
	conn   *nats.Conn
	js     jetstream.JetStream
	deps   process.Deps
	mu     sync.Mutex
	ensure bool // the streams are known to exist
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
	conn, err := nats.Connect(url,
		nats.Name(deps.Name), nats.SetCustomDialer(dialer{deps}), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1),
		nats.ReconnectWait(250*time.Millisecond), nats.ReconnectJitter(100*time.Millisecond, 100*time.Millisecond),
		nats.ReconnectBufSize(-1), nats.Timeout(2*time.Second), nats.PingInterval(5*time.Second), nats.MaxPingsOutstanding(2),
		nats.DrainTimeout(2*time.Second))
	if err != nil {
		return nil, fmt.Errorf("connect to the broker at %s: %w", url, err)
	}
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(512))
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("connect to the broker at %s: %w", url, err)
	}
	return &Bus{conn: conn, js: js, deps: deps}, nil
}

// Close ends the connection.
func (b *Bus) Close() { b.conn.Close() }

// Connected says whether the broker is within reach right now.
func (b *Bus) Connected() bool { return b.conn.IsConnected() }

// JetStream is the connection as the registry needs it.
func (b *Bus) JetStream() jetstream.JetStream { return b.js }

// ErrAway is returned while the broker is not within reach.
var ErrAway = errors.New("the broker is not within reach")

// Publish sends messages and returns when the stream has acknowledged all of them. After an error any of them may have been stored:
// publish all again, under the same ids.
func (b *Bus) Publish(ctx context.Context, messages ...Message) error {
	if !b.Connected() {
		return ErrAway
	}
	if err := b.streams(ctx); err != nil {
		return err
	}
	acks := make([]jetstream.PubAckFuture, 0, len(messages))
	for _, m := range messages {
		ack, err := b.js.PublishMsgAsync(&nats.Msg{Subject: m.Subject, Data: m.Data}, jetstream.WithMsgID(m.ID))
		if err != nil {
			return fmt.Errorf("publish %s: %w", m.Subject, err)
		}
		acks = append(acks, ack)
	}
	for _, ack := range acks {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			return fmt.Errorf("publish %s: %w", ack.Msg().Subject, err)
		case <-ctx.Done():
			return fmt.Errorf("publish: %w", ctx.Err())
		}
	}
	return nil
}

// streams makes sure that the streams exist; the answer is remembered until the broker forgets them.
func (b *Bus) streams(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ensure {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for name, subject := range map[string]string{streamName: subjects, deadStream: deadSubjects} {
		_, err := b.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
			Name: name, Subjects: []string{subject}, Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy,
			MaxBytes: 512 << 20, MaxMsgSize: 1 << 20, MaxAge: 24 * time.Hour, Duplicates: 2 * time.Minute, Discard: jetstream.DiscardOld,
		})
		if err != nil {
			return fmt.Errorf("stream %s: %w", name, err)
		}
	}
	b.ensure = true
	return nil
}
