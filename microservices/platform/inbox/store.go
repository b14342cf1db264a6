package inbox

import (
	"context"
	"figlab/internal/process"
	"figlab/microservices/platform/store"
	"fmt"
	"time"
)

type row struct {
	Consumer string `gorm:"primaryKey"`
	EventID  string `gorm:"primaryKey"`
	Handled  int64
}

// TableName names the table.
func (row) TableName() string { return "platform_inbox" }

// handledBefore returns which of some events a consumer has handled.
func handledBefore(tx *store.Tx, consumer string, letters []letter) (map[string]bool, error) {
	ids := make([]string, len(letters))
	for i, l := range letters {
		ids[i] = l.event.Id
	}
	var rows []row
	if err := tx.Where("consumer = ? AND event_id IN ?", consumer, ids).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("look for what was handled: %w", err)
	}
	seen := make(map[string]bool, len(letters))
	for _, r := range rows {
		seen[r.EventID] = true
	}
	return seen, nil
}

const (
	remembered = 25 * time.Hour // the stream keeps a message for a day: nothing older can come again
	tidyEvery  = 10 * time.Minute
)

// Tidy returns the part that forgets events which can no longer come again.
func Tidy(db *store.Store, deps process.Deps) process.Part {
	return process.Part{Name: "inbox tidying", Run: func(ctx context.Context) error {
		for {
			err := db.Write(ctx, func(tx *store.Tx) error {
				return tx.Delete(&row{}, "handled < ?", store.Micros(deps.Now().Add(-remembered))).Error
			})
			if err != nil && ctx.Err() == nil {
				deps.Log.WarnContext(ctx, "inbox not tidied", "error", err.Error())
			}
			if process.Pause(ctx, tidyEvery) != nil {
				return nil //nolint:nilerr // that it is stopped is no failure
			}
		}
	}}
}
