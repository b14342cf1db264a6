// Package outbox tells others what happened, without ever telling what did not or forgetting what did: the event is written in the
// transaction of the change it tells about, and a relay carries it to the bus afterwards, at least once.
//
// A row is deleted once the bus has acknowledged it, so no cursor can skip a row whose transaction commits late; the event's id is the
// message id, so the bus drops what a crash between the two makes the relay send again.
package outbox

import (
	"context"
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/internal/bus"
	"figlab/internal/process"
	"figlab/monolith/platform/db"
	"figlab/shop"
	"fmt"
	"time"
)

// An Outbox appends events.
type Outbox struct {
	ids process.IDs
	now func() time.Time
}

// New returns an outbox.
func New(deps process.Deps) Outbox { return Outbox{ids: deps.IDs, now: deps.Now} }

type row struct {
	Seq     int64 `gorm:"primaryKey;autoIncrement"`
	ID      string
	Subject string
	Body    string
}

// TableName names the table.
func (row) TableName() string { return "platform_outbox" }

// A Change is what happened to one aggregate: its full image in the contract's shape.
type Change struct {
	Capability shop.Capability
	Type       string // e.g. product-changed
	Key        string // id of the aggregate
	Version    int64
	Data       any
}

// Event returns the change as it goes over the bus.
func (o Outbox) Event(c Change) (internalapi.Event, error) {
	data, err := json.Marshal(c.Data)
	if err != nil {
		return internalapi.Event{}, fmt.Errorf("encode %s %s: %w", c.Type, c.Key, err)
	}
	return internalapi.Event{
		Id: o.ids.New(), Capability: string(c.Capability), Type: c.Type, Schema: 1, Key: c.Key, Version: c.Version,
		Origin: "app", Epoch: 0, OccurredAt: o.now().UTC(), Data: data,
	}, nil
}

// Append writes changes in the caller's transaction.
func (o Outbox) Append(tx *db.Tx, changes ...Change) error {
	rows := make([]row, 0, len(changes))
	for _, c := range changes {
		event, err := o.Event(c)
		if err != nil {
			return err
		}
		body, err := json.Marshal(event)
		if err != nil {
			return fmt.Errorf("encode %s %s: %w", c.Type, c.Key, err)
		}
		rows = append(rows, row{ID: event.Id, Subject: "shop." + event.Capability + "." + event.Type, Body: string(body)})
	}
	if err := tx.Create(&rows).Error; err != nil {
		return fmt.Errorf("append to the outbox: %w", err)
	}
	tx.Emitted()
	return nil
}

// publisher is the bus, as far as the relay needs it.
type publisher interface {
	Publish(ctx context.Context, messages ...bus.Message) error
}

const batch = 256

// Relay returns the part that carries the outbox to the bus. It is woken by commits; a look every few seconds finds what a crash left.
func Relay(d *db.DB, to publisher, deps process.Deps) process.Part {
	return process.Part{Name: "outbox relay", Run: func(ctx context.Context) error {
		look := time.NewTicker(2 * time.Second)
		defer look.Stop()
		for {
			n, err := drain(ctx, d, to)
			if err != nil && ctx.Err() == nil {
				deps.Log.WarnContext(ctx, "outbox not relayed", "error", err.Error())
			}
			if n == batch && err == nil {
				continue
			}
			select {
			case <-ctx.Done():
				return nil
			case <-d.Emissions():
			case <-look.C:
			}
		}
	}}
}

// drain publishes one batch in order and deletes what the bus acknowledged.
func drain(ctx context.Context, d *db.DB, to publisher) (int, error) {
	var rows []row
	if err := d.Read(ctx).Order("seq").Limit(batch).Find(&rows).Error; err != nil || len(rows) == 0 {
		return 0, err
	}
	messages := make([]bus.Message, len(rows))
	for i, r := range rows {
		messages[i] = bus.Message{Subject: r.Subject, ID: r.ID, Data: []byte(r.Body)}
	}
	bounded, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := to.Publish(bounded, messages...); err != nil {
		return 0, err
	}
	seqs := make([]int64, len(rows))
	for i, r := range rows {
		seqs[i] = r.Seq
	}
	return len(rows), d.Write(ctx, func(tx *db.Tx) error { return tx.Delete(&row{}, "seq IN ?", seqs).Error })
}
