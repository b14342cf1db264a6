// Package duty gives one of several replicas something to do that all of them need not do: to look for what is due, to follow somebody
// else's events. It is a lease in the database they share, so a holder that dies is followed by another one. It only saves work: for a
// moment two may hold it, so what is done must be safe to do twice.
package duty

import (
	"context"
	"figlab/internal/process"
	"figlab/microservices/platform/store"
	"fmt"
	"time"

	"gorm.io/gorm/clause"
)

const (
	term  = 5 * time.Second // how long a holder that is gone keeps the others waiting
	renew = 2 * time.Second
)

type row struct {
	Name   string `gorm:"primaryKey"`
	Holder string
	Until  int64
}

// TableName names the table.
func (row) TableName() string { return "platform_duties" }

// Part returns the part that runs another one while this process holds the duty. It gives the duty back when it is stopped.
func Part(db *store.Store, deps process.Deps, name string, of process.Part) process.Part {
	d := duty{db, deps, name}
	return process.Part{Name: of.Name, Run: func(ctx context.Context) error {
		for ctx.Err() == nil {
			held, err := d.take(ctx)
			if err != nil && ctx.Err() == nil {
				deps.Log.WarnContext(ctx, "duty not taken", "duty", name, "error", err.Error())
			}
			if !held {
				_ = process.Pause(ctx, renew) // the loop looks at ctx
				continue
			}
			if err := d.serve(ctx, of); err != nil {
				return err
			}
		}
		return nil
	}}
}

type duty struct {
	db   *store.Store
	deps process.Deps
	name string
}

// serve runs the part until the duty is lost or the process ends.
func (d duty) serve(ctx context.Context, of process.Part) error {
	own, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- of.Run(own) }()
	beat := time.NewTicker(renew)
	defer beat.Stop()
	for {
		select {
		case err := <-ended:
			d.giveBack(ctx)
			return err
		case <-beat.C:
			if held, err := d.take(ctx); held || err != nil {
				continue // while the database does not answer nobody else can take it either
			}
			stop()
			return <-ended
		}
	}
}

// take takes or renews the duty, and says whether this process holds it now.
func (d duty) take(ctx context.Context) (bool, error) {
	now := d.deps.Now()
	mine := row{d.name, d.deps.Name, store.Micros(now.Add(term))}
	var held bool
	err := d.db.Write(ctx, func(tx *store.Tx) error {
		done := tx.Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "name"}},
			DoUpdates: clause.AssignmentColumns([]string{"holder", "until"}),
			Where: clause.Where{Exprs: []clause.Expression{clause.Expr{
				SQL: "platform_duties.holder = ? OR platform_duties.until < ?", Vars: []any{d.deps.Name, store.Micros(now)},
			}}},
		}).Create(&mine)
		held = done.RowsAffected == 1
		return done.Error
	})
	if err != nil {
		return false, fmt.Errorf("take duty %s: %w", d.name, err)
	}
	return held, nil
}

// giveBack lets another replica take over at once.
func (d duty) giveBack(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	err := d.db.Write(ctx, func(tx *store.Tx) error {
		return tx.Delete(&row{}, "name = ? AND holder = ?", d.name, d.deps.Name).Error
	})
	if err != nil {
		d.deps.Log.WarnContext(ctx, "duty not given back", "duty", d.name, "error", err.Error())
	}
}
