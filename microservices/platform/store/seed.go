package store

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"
)

// Seed fills a table that is empty, in one transaction. Of replicas that start at once on one database one does it.
func (s *Store) Seed(ctx context.Context, table string, fn func(tx *Tx) error) error {
	err := s.Write(ctx, func(tx *Tx) error {
		var n int64
		if err := tx.Table(table).Limit(1).Count(&n).Error; err != nil || n > 0 {
			return err
		}
		tx.DB = tx.Session(&gorm.Session{PrepareStmt: false, NewDB: true}) // each batch is a statement of its own: nothing to keep
		return fn(tx)
	})
	if err != nil && !errors.Is(err, ErrDuplicate) { // a duplicate: another replica was faster
		return fmt.Errorf("seed %s: %w", table, err)
	}
	return nil
}
