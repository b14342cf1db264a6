package logistics

import (
	"context"
	"errors"
	"figlab/api/internalapi"
	"figlab/internal/process"
	"figlab/microservices/platform/store"
	"time"

	rules "figlab/shop/logistics"
)

// pause is how long the listener waits when the carrier does not answer, or is ahead.
const pause = 500 * time.Millisecond

// listener returns the part that follows the carrier's events. Its position is kept in the transaction of what the events cause.
func (l *Logistics) listener() process.Part {
	return process.Part{Name: "carrier listener", Run: func(ctx context.Context) error {
		for ctx.Err() == nil {
			if err := l.listen(ctx); err != nil && ctx.Err() == nil {
				l.deps.Log.WarnContext(ctx, "carrier events wait", "error", err.Error())
				_ = process.Pause(ctx, pause) // the loop looks at ctx
			}
		}
		return nil
	}}
}

// errAhead is returned for a delivery of a shipment that is still being booked here: the carrier's answer was lost, and is asked for again.
var errAhead = errors.New("the carrier is ahead of our own books")

// listen takes in what the carrier has to tell, in one transaction; of news that come too early all before them.
func (l *Logistics) listen(ctx context.Context) error {
	after, err := cursor(l.db.Read(ctx))
	if err != nil {
		return err
	}
	events, err := l.carrier.events(ctx, after)
	if err != nil || len(events) == 0 {
		return err
	}
	var ahead error
	err = l.db.Write(ctx, func(tx *store.Tx) error {
		arrived, last, err := l.sort(tx, events)
		if ahead = nil; last < events[len(events)-1].Sequence {
			ahead = errAhead
		}
		if err != nil || last == 0 {
			return err
		}
		if err := l.deliver(tx, arrived); err != nil {
			return err
		}
		return setCursor(tx, last)
	})
	return errors.Join(err, ahead)
}

// sort returns the shipments that have arrived, and the last event that can be taken in, or 0. That a parcel is booked the dispatcher knows
// already; the shipment of another client of the carrier is none of ours.
func (l *Logistics) sort(tx *store.Tx, events []internalapi.ParcelEvent) (arrived []Shipment, last int64, err error) {
	var ids []string
	for _, e := range events {
		if e.State == internalapi.ParcelEventStateDelivered {
			ids = append(ids, e.Key)
		}
	}
	ours := map[string]Shipment{}
	if len(ids) > 0 {
		rows, err := lock(tx, ids)
		if err != nil {
			return nil, 0, err
		}
		for _, s := range rows {
			ours[s.ID] = s
		}
	}
	for _, e := range events {
		if s, ok := ours[e.Key]; ok && e.State == internalapi.ParcelEventStateDelivered {
			switch rules.State(s.State) {
			case rules.Pending:
				return arrived, last, nil
			case rules.Booked:
				arrived = append(arrived, s)
				delete(ours, e.Key) // were it said twice
			default: // it was delivered before
			}
		}
		last = e.Sequence
	}
	return arrived, last, nil
}

// deliver writes that shipments have arrived, and tells of them.
func (l *Logistics) deliver(tx *store.Tx, arrived []Shipment) error {
	if len(arrived) == 0 {
		return nil
	}
	ids := make([]string, len(arrived))
	for i, s := range arrived {
		arrived[i] = l.become(s, rules.Delivered)
		ids[i] = s.ID
	}
	if err := setDelivered(tx, ids, arrived[0].Updated); err != nil {
		return err
	}
	return l.tell(tx, arrived...)
}
