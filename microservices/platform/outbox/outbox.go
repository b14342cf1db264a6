// Package outbox tells others what happened, without ever telling what did not or forgetting what did: the event is written in the
// transaction of the change it tells about, and a relay carries it to the bus afterwards, at least once.
//
// The relay gets the events of a commit from memory; the table is what a crash, or a bus that is away, leaves them in. A row is deleted
// some moments after the bus has acknowledged it, many at once, so no cursor can skip a row whose transaction commits late; the event's
// id is the message id, so the bus drops what a crash between the two makes a relay send again. Replicas share the table: each relays
// what it has written itself, and adopts what has lain there so long that its writer must be gone. So events of one aggregate that two
// replicas have changed one after the other may come the other way round: whoever hears them compares versions.
package outbox

import (
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/internal/process"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"

	"gorm.io/gorm"
)

// An Outbox appends the events of one service.
type Outbox struct {
	capability shop.Capability
	deps       process.Deps
}

// New returns the outbox of a service.
func New(c shop.Capability, deps process.Deps) Outbox { return Outbox{c, deps} }

type row struct {
	Seq     int64 `gorm:"primaryKey;autoIncrement"`
	ID      string
	Subject string
	Body    string
	Writer  string
	Written int64
}

// TableName names the table.
func (row) TableName() string { return "platform_outbox" }

// A Change is what happened to one aggregate: its full image.
type Change struct {
	Type    string // e.g. product-changed
	Key     string // id of the aggregate
	Version int64
	User    string // the shopper it is about, where it is about one
	Schema  int    // version of the shape of Data; 0 means 1
	Data    any
}

// Event returns the change as it goes over the bus.
func (o Outbox) Event(c Change) (internalapi.Event, error) {
	data, err := json.Marshal(c.Data)
	if err != nil {
		return internalapi.Event{}, fmt.Errorf("encode %s %s: %w", c.Type, c.Key, err)
	}
	e := internalapi.Event{
		Id: o.deps.IDs.New(), Capability: string(o.capability), Type: c.Type, Schema: max(c.Schema, 1), Key: c.Key, Version: c.Version,
		Origin: "app", Epoch: 0, OccurredAt: o.deps.Now().UTC(), Data: data,
	}
	if c.User != "" {
		e.UserId = &c.User
	}
	return e, nil
}

// Append writes changes in the caller's transaction.
func (o Outbox) Append(tx *store.Tx, changes ...Change) error {
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
		rows = append(rows, row{
			ID: event.Id, Subject: "shop." + event.Capability + "." + event.Type, Body: string(body),
			Writer: o.deps.Name, Written: store.Micros(event.OccurredAt),
		})
	}
	if err := tx.Create(&rows).Error; err != nil {
		return fmt.Errorf("append to the outbox: %w", err)
	}
	for _, r := range rows {
		tx.Emit(store.Emission{ID: r.ID, Subject: r.Subject, Body: []byte(r.Body)})
	}
	return nil
}

// Unpublished says how many events have still to go out, whoever wrote them.
func Unpublished(q *gorm.DB) (n int64, err error) {
	if err := q.Model(&row{}).Count(&n).Error; err != nil {
		return 0, fmt.Errorf("count the outbox: %w", err)
	}
	return n, nil
}
