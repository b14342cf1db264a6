// Package bus is the one door to the broker, NATS JetStream: publish with acknowledgement, consume with explicit acks, redelivery and dead
// letters; and the broker itself, embedded. It carries bytes and knows no event.
//
// All subjects shop.> live in one stream, so order is kept per subject and producer. A message that comes again under the same id within
// two minutes is dropped by the broker; consumers must still expect a second delivery.
//
// By default the broker does not fsync each message (JetStream syncs every two minutes): an acknowledged message survives kill -9 of the
// broker, not the loss of power. SyncAlways closes that gap at the price
// of one fsync per message.
package bus
