// Package bus is the one door to the broker, NATS JetStream: publish with acknowledgement, consume with explicit acks, redelivery and dead
// letters, follow what is new; and the broker itself, embedded. It carries bytes and knows no event.
//
// All subjects shop.> live in one stream, so order is kept per subject and producer. A message that comes again under the same id within
// two minutes is dropped by the broker; consumers must still expect a second delivery. A message is kept for a day, and so is a consumer
// that nobody asks for: an instance that never returns leaves nothing behind, and one that returns has missed nothing that still exists.
//
// # What becomes of a message
//
// A handler judges each message of a batch by itself: nil, it is finished; Poison, it is a dead letter at once; Later, it comes again
// however often it takes; any other error, it comes again after a growing pause and is a dead letter after eight deliveries. While a
// handler is at work the broker is told so, and gives the batch to nobody else. A handler that knows one error for all is adapted by Whole.
//
// # Dead letters
//
// A dead letter lies under dead.<consumer> for a week and carries, as headers, its reason, its original subject and id, how often it was
// delivered and when it died. Dead lists them, Replay plays them again:
//
//   - to the consumer it died at, and to no other: under replay.<consumer>, which every durable consumer asks for beside its own subjects;
//   - under a message id that is new for each replay, so that the broker does not drop it, and the same for each try of one replay, so that
//     the broker drops a second try within two minutes;
//   - with its original subject and id in the Message the handler sees, so that an inbox recognises it;
//   - published first and removed from the dead letters then: a crash between the two makes a second delivery, never a loss;
//   - without its old place: what was published since has been handled before it. A handler must be guarded by versions, as always.
//
// One that dies again is a dead letter again, with its count of replays. A consumer that does not exist is not played to.
//
// # What durability costs
//
// By default the broker does not fsync each message (JetStream syncs every two minutes): an acknowledged message survives kill -9 of the
// broker, not the loss of power. SyncAlways closes that gap. What it costs depends on the disk: this command measures both side by side,
// one message at a time and in batches, and the ratio of the two is the price.
//
//	go test ./internal/bus -run '^$' -bench Publish
//
// BenchmarkConsume beside it measures what a delivery costs.
package bus
