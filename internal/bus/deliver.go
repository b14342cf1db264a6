package bus

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	maxDeliveries = 8 // then the message goes to dead.<consumer>
	longestPause  = 2 * time.Second
)

// deliver hands a batch over and settles every message of it by its own verdict.
func (b *Bus) deliver(ctx context.Context, s subscription, batch []received) error {
	messages := make([]Message, len(batch))
	for i, m := range batch {
		messages[i] = m.message
	}
	done := hold(batch)
	verdicts := s.handle(ctx, messages)
	done()
	if len(verdicts) != 0 && len(verdicts) != len(batch) {
		wrong := fmt.Errorf("the handler judged %d of %d messages", len(verdicts), len(batch))
		verdicts = make([]error, len(batch))
		for i := range verdicts {
			verdicts[i] = wrong
		}
	}
	var errs []error
	for i, m := range batch {
		var verdict error
		if len(verdicts) > 0 {
			verdict = verdicts[i]
		}
		errs = append(errs, b.settle(ctx, s.durable, m, verdict))
	}
	return errors.Join(errs...)
}

// hold tells the broker that a batch is still being worked on, as often as needed, until the returned function is called.
func hold(batch []received) (done func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	first := time.AfterFunc(ackWait/2, func() {
		defer close(stopped)
		beat := time.NewTicker(ackWait / 2)
		defer beat.Stop()
		for {
			for _, m := range batch {
				_ = m.InProgress() // when it is lost the message comes a second time
			}
			select {
			case <-beat.C:
			case <-stop:
				return
			}
		}
	})
	return func() {
		if !first.Stop() { // it runs
			close(stop)
			<-stopped
		}
	}
}

// settle tells the broker what becomes of a message.
func (b *Bus) settle(ctx context.Context, durable string, m received, verdict error) error {
	if verdict == nil {
		return settled(m.Ack())
	}
	if ctx.Err() != nil && !Poisoned(verdict) { // stopping: whoever comes next gets it
		return settled(m.Nak())
	}
	if Poisoned(verdict) || m.deliveries >= maxDeliveries && !postponed(verdict) {
		return b.bury(context.WithoutCancel(ctx), durable, m, verdict)
	}
	b.deps.Log.WarnContext(ctx, "message not handled", "consumer", durable, "subject", m.message.Subject, "id", m.message.ID,
		"delivery", m.deliveries, "error", verdict.Error())
	pause := min(20*time.Millisecond<<min(m.deliveries, maxDeliveries), longestPause)
	return settled(m.NakWithDelay(pause))
}

func settled(err error) error {
	if err != nil {
		return fmt.Errorf("settle a message: %w", err)
	}
	return nil
}
