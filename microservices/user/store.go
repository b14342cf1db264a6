package user

import (
	"context"
	"errors"
	"figlab/microservices/platform/store"
	"figlab/microservices/platform/wire"
	"figlab/shop"
	"fmt"

	"gorm.io/gorm"

	rules "figlab/shop/user"
)

type row struct {
	ID       string `gorm:"primaryKey"`
	Email    string
	Name     string
	Role     string
	Password string
	Address  string
	Seeded   bool
	Created  int64
}

// TableName names the table.
func (row) TableName() string { return "user_accounts" }

func toRow(u rules.User, password string, seeded bool) (row, error) {
	address := ""
	if u.Address != nil {
		var err error
		if address, err = wire.Encode(*u.Address); err != nil {
			return row{}, err
		}
	}
	return row{
		ID: string(u.ID), Email: u.Email, Name: u.Name, Role: string(u.Role),
		Password: password, Address: address, Seeded: seeded, Created: store.Micros(u.Created),
	}, nil
}

func (r row) user() (rules.User, error) {
	u := rules.User{ID: shop.UserID(r.ID), Email: r.Email, Name: r.Name, Role: rules.Role(r.Role), Created: store.Time(r.Created)}
	if r.Address != "" {
		u.Address = &shop.Address{}
		if err := wire.Decode(r.Address, u.Address); err != nil {
			return u, err
		}
	}
	return u, nil
}

// find reads one user.
func find(q *gorm.DB, id shop.UserID) (r row, err error) {
	if err := q.Take(&r, "id = ?", id).Error; errors.Is(err, store.ErrNone) {
		return r, rules.ErrNotFound
	} else if err != nil {
		return r, fmt.Errorf("read user: %w", err)
	}
	return r, nil
}

// emails lists who has registered: the seeded ones did not.
func emails(q *gorm.DB) (all []string, err error) {
	if err := q.Model(&row{}).Where("NOT seeded").Order("id").Pluck("email", &all).Error; err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return all, nil
}

// seed writes the admin and n shoppers into an empty table. All shoppers share one hash, and so a salt: they are demo users, and a thousand
// hashes would take half a minute.
func (u *User) seed(ctx context.Context, seed uint64, n int) error {
	return u.db.Seed(ctx, row{}.TableName(), func(tx *store.Tx) error {
		shopper, err := u.hash.hash(ctx, rules.SeedPassword)
		if err != nil {
			return err
		}
		admin, err := u.hash.hash(ctx, rules.SeedAdminPassword)
		if err != nil {
			return err
		}
		rows := make([]row, 0, n+1)
		for i := range n + 1 {
			password := shopper
			if i == 0 {
				password = admin
			}
			r, err := toRow(rules.Seed(seed, i), password, true)
			if err != nil {
				return err
			}
			rows = append(rows, r)
		}
		return tx.CreateInBatches(&rows, 500).Error
	})
}
