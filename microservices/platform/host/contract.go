package host

import (
	"context"
	"figlab/api/contract"
	"figlab/api/internalapi"
	"figlab/api/internalapi/auditapi"
	"figlab/api/token"
	"fmt"
	"time"

	"github.com/labstack/echo/v4"
)

// Contract returns the echo of the public door. Tokens are verified by the keys of whoever issues them.
func (h *Host) Contract() (*echo.Echo, error) {
	o := h.options()
	if h.cfg.Keys != "" {
		keys := token.NewRemote(h.deps.Client(2*time.Second), h.cfg.Keys, h.deps.Now)
		o.Verify = token.NewVerifier(keys, h.deps.Now)
	}
	e, err := contract.New(o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", h.service, err)
	}
	return e, nil
}

// Behind returns the echo of the doors behind the shop. The audit is empty: neither stock nor orders nor money are kept here.
func (h *Host) Behind() *echo.Echo {
	e := contract.Behind(h.options())
	auditapi.RegisterHandlers(e, auditapi.NewStrictHandler(nothing{}, nil))
	return e
}

func (h *Host) options() contract.Options {
	return contract.Options{Name: h.deps.Name, Log: h.deps.Log, NewID: h.deps.IDs.New}
}

// nothing is the audit of a service that holds nothing an oracle asks about.
type nothing struct{}

// ReadAudit returns an audit without entries.
func (nothing) ReadAudit(context.Context, auditapi.ReadAuditRequestObject) (auditapi.ReadAuditResponseObject, error) {
	return auditapi.ReadAudit200JSONResponse{
		Stock: []internalapi.AuditStock{}, StockMoves: []internalapi.AuditStockMove{}, Orders: []internalapi.AuditOrder{},
		Payments: []internalapi.AuditPayment{}, Ledger: []internalapi.AuditLedgerEntry{}, Shipments: []internalapi.AuditShipment{},
		Notifications: []internalapi.AuditNotification{}, Users: []string{},
	}, nil
}
