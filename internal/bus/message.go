package bus

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A Message on the bus.
type Message struct {
	Subject     string
	ID          string // unique; the broker drops a second one
	Data        []byte
	Redelivered bool      // this consumer may have seen it before
	Stored      time.Time // when the stream took it; a message played again: when it was played again
}

// What a dead letter, and a message played again, says about itself.
const (
	headerID         = "Shop-Id" // of the message that died; Nats-Msg-Id is new each time, so that the broker does not drop it
	headerSubject    = "Shop-Subject"
	headerReplays    = "Shop-Replays"
	headerReason     = "Shop-Reason"
	headerDeliveries = "Shop-Deliveries"
	headerTime       = "Shop-Time"
)

// longestReason bounds the reason of a dead letter, in bytes.
const longestReason = 1000

// received is a message as the stream knows it. One that was played again has its own subject and id back.
type received struct {
	jetstream.Msg

	message    Message
	deliveries uint64
	waiting    uint64 // how many more wait for this consumer
	replays    int
}

func receive(m jetstream.Msg) received {
	h := m.Headers()
	r := received{Msg: m, message: Message{
		Subject: cmp.Or(h.Get(headerSubject), m.Subject()), ID: cmp.Or(h.Get(headerID), h.Get(nats.MsgIdHdr)), Data: m.Data(),
	}}
	r.replays = number(h, headerReplays)
	if meta, err := m.Metadata(); err == nil {
		r.deliveries, r.waiting = meta.NumDelivered, meta.NumPending
		r.message.Stored = meta.Timestamp
	}
	r.message.Redelivered = r.deliveries > 1 || r.replays > 0
	return r
}

func number(h nats.Header, key string) int {
	n, err := strconv.Atoi(h.Get(key))
	if err != nil {
		return 0
	}
	return n
}

// line makes a reason fit for a header.
func line(reason string) string {
	reason = strings.Join(strings.Fields(reason), " ")
	return strings.ToValidUTF8(reason[:min(len(reason), longestReason)], "")
}
