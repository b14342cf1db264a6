package host

import (
	"context"
	"figlab/api/internalapi"
	"figlab/api/internalapi/auditapi"
	"figlab/microservices/platform/outbox"
	"fmt"
	"time"

	"github.com/labstack/echo/v4"
)

// An audit adds to the facts what a service holds.
type audit func(ctx context.Context, a *internalapi.Audit) error

// Audit has the service's facts read whenever an oracle asks: its rows, and its part of the work that is left. The host adds what is left
// in outbox and on the bus.
func (h *Host) Audit(read func(ctx context.Context, a *internalapi.Audit) error) {
	h.audits = append(h.audits, read)
}

func (h *Host) auditDoor(e *echo.Echo) {
	auditapi.RegisterHandlers(e, auditapi.NewStrictHandler(auditor{h}, nil))
}

type auditor struct{ *Host }

// ReadAudit reads the facts.
func (a auditor) ReadAudit(ctx context.Context, _ auditapi.ReadAuditRequestObject) (auditapi.ReadAuditResponseObject, error) {
	facts := internalapi.Audit{
		Stock: []internalapi.AuditStock{}, StockMoves: []internalapi.AuditStockMove{}, Orders: []internalapi.AuditOrder{},
		Payments: []internalapi.AuditPayment{}, Ledger: []internalapi.AuditLedgerEntry{}, Shipments: []internalapi.AuditShipment{},
		Notifications: []internalapi.AuditNotification{}, Users: []string{},
	}
	var err error
	if a.db != nil {
		// What is left is read before what is there: work that ends between the two is seen as left, never as done and unseen.
		if facts.Work.OutboxUnpublished, err = outbox.Unpublished(a.db.Read(ctx)); err != nil {
			return nil, err
		}
	}
	if facts.Work.EventsUnconsumed, err = a.unconsumed(ctx); err != nil {
		return nil, err
	}
	for _, read := range a.audits {
		if err := read(ctx, &facts); err != nil {
			return nil, fmt.Errorf("audit: %w", err)
		}
	}
	return auditapi.ReadAudit200JSONResponse(facts), nil
}

// unconsumed counts the messages that the service's consumers have still to handle.
func (h *Host) unconsumed(ctx context.Context) (n int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	for _, c := range h.consumers {
		left, err := h.bus.Pending(ctx, c.durable, c.subjects)
		if err != nil {
			return 0, fmt.Errorf("what %s has still to handle: %w", c.durable, err)
		}
		n += left
	}
	return n, nil
}
