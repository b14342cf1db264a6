package search

import (
	"context"
	"figlab/monolith/platform/db"

	rules "figlab/shop/search"
)

// A Module of the monolith.
type Module struct{ db *db.DB }

// New returns the module.
func New(d *db.DB) *Module { return &Module{d} }

// Find answers a query.
func (m *Module) Find(ctx context.Context, q rules.Query) (rules.Result, error) {
	terms, err := q.Check()
	if err != nil {
		return rules.Result{}, err
	}
	found, err := candidates(m.db.Read(ctx), m.db.Store(), terms, q)
	if err != nil {
		return rules.Result{}, err
	}
	return rules.Answer(q, terms, found), nil
}
