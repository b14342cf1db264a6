package host

import (
	"context"
	"figlab/api/internalapi"
	"figlab/api/internalapi/deadlettersapi"
	"figlab/microservices/platform/wire"
	"figlab/shop"
	"slices"
)

// letters is the door to what the service's consumers could not handle.
type letters struct{ *Host }

// shown is how much of a dead letter is told, in bytes.
const shown = 4 << 10

// ListDeadLetters lists them, oldest first.
func (l letters) ListDeadLetters(
	ctx context.Context, r deadlettersapi.ListDeadLettersRequestObject,
) (deadlettersapi.ListDeadLettersResponseObject, error) {
	most := min(max(wire.Or(r.Params.Limit, 100), 1), 500) // these doors are not validated against their contract
	out := deadlettersapi.ListDeadLetters200JSONResponse{Items: []internalapi.DeadLetter{}}
	for _, c := range l.consumers {
		dead, err := l.bus.Dead(ctx, c.durable, most-len(out.Items))
		if err != nil {
			return nil, err
		}
		for _, d := range dead {
			out.Items = append(out.Items, internalapi.DeadLetter{
				Consumer: c.durable, Id: d.ID, Subject: d.Subject, Reason: d.Reason, Deliveries: int64(d.Deliveries), DiedAt: d.Died,
				Data: wire.Optional(string(d.Data[:min(len(d.Data), shown)])),
			})
		}
		if len(out.Items) >= most {
			break
		}
	}
	return out, nil
}

// ErrNoConsumer is the answer about a consumer that this service does not have.
var ErrNoConsumer = shop.NewError(shop.NotFound, "no-consumer", "this service has no such consumer")

// ReplayDeadLetters gives them to their consumer again.
func (l letters) ReplayDeadLetters(
	ctx context.Context, r deadlettersapi.ReplayDeadLettersRequestObject,
) (deadlettersapi.ReplayDeadLettersResponseObject, error) {
	own := func(c consumer) bool { return c.durable == r.Body.Consumer }
	if !slices.ContainsFunc(l.consumers, own) {
		return nil, ErrNoConsumer
	}
	n, err := l.bus.Replay(ctx, r.Body.Consumer, wire.Or(r.Body.Ids, nil))
	if err != nil {
		return nil, err
	}
	return deadlettersapi.ReplayDeadLetters200JSONResponse{Replayed: n}, nil
}
