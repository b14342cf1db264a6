package notification

import (
	"errors"
	"figlab/api/internalapi"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	rules "figlab/shop/notification"
)

type row struct {
	ID      string `gorm:"primaryKey"`
	UserID  string
	Kind    string
	Cause   string
	OrderID string
	Subject string
	Body    string
	ReadAt  int64
	Created int64
}

// TableName names the table.
func (row) TableName() string { return "notification_messages" }

// insert writes a message unless the user has one of its kind about its cause.
func insert(tx *store.Tx, r row) (fresh bool, err error) {
	done := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&r)
	if done.Error != nil {
		return false, fmt.Errorf("write message: %w", done.Error)
	}
	return done.RowsAffected == 1, nil
}

func page(q *gorm.DB, user shop.UserID, after shop.NotificationID, limit int) (rows []row, next string, err error) {
	cursor := func(r row) string { return rules.Cursor(shop.NotificationID(r.ID)) }
	newest := store.Page{After: string(after), Limit: limit, Newest: true}
	rows, next, err = store.ReadPage(q.Where("user_id = ?", user), newest, cursor)
	if err != nil {
		return nil, "", fmt.Errorf("list messages: %w", err)
	}
	return rows, next, nil
}

func find(q *gorm.DB, user shop.UserID, id shop.NotificationID) (r row, err error) {
	if err := q.Take(&r, "id = ? AND user_id = ?", id, user).Error; errors.Is(err, store.ErrNone) {
		return r, rules.ErrNotFound
	} else if err != nil {
		return r, fmt.Errorf("read message: %w", err)
	}
	return r, nil
}

// messages lists all messages as an oracle needs them.
func messages(q *gorm.DB) (all []internalapi.AuditNotification, err error) {
	if err := q.Model(&row{}).Select("id", "user_id", "kind", "cause").Order("id").Scan(&all).Error; err != nil {
		return nil, fmt.Errorf("list all messages: %w", err)
	}
	return all, nil
}
