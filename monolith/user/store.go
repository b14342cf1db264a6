package user

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"figlab/monolith/platform/db"
	"figlab/monolith/platform/wire"
	"figlab/shop"
	"fmt"

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

type keyRow struct {
	ID      int `gorm:"primaryKey"`
	Private string
}

// TableName names the table.
func (keyRow) TableName() string { return "user_keys" }

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
		Password: password, Address: address, Seeded: seeded, Created: db.Micros(u.Created),
	}, nil
}

func (r row) user() (rules.User, error) {
	u := rules.User{ID: shop.UserID(r.ID), Email: r.Email, Name: r.Name, Role: rules.Role(r.Role), Created: db.Time(r.Created)}
	if r.Address != "" {
		u.Address = &shop.Address{}
		if err := wire.Decode(r.Address, u.Address); err != nil {
			return u, err
		}
	}
	return u, nil
}

// signingKey returns the key that signs tokens, making it at the first start.
func signingKey(ctx context.Context, d *db.DB) (ed25519.PrivateKey, error) {
	var r keyRow
	err := d.Write(ctx, func(tx *db.Tx) error {
		err := tx.Take(&r, "id = 1").Error
		if !errors.Is(err, db.ErrNone) {
			return err
		}
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return err
		}
		r = keyRow{ID: 1, Private: base64.StdEncoding.EncodeToString(key.Seed())}
		return tx.Create(&r).Error
	})
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	seed, err := base64.StdEncoding.DecodeString(r.Private)
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("signing key: the stored one is not a key: %w", err)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// Seed writes the admin and n shoppers. All shoppers share one hash, and so a salt: they are demo users, and a thousand hashes would take
// half a minute.
func Seed(ctx context.Context, tx *db.Tx, seed uint64, n int) error {
	h := newHasher()
	shopper, err := h.hash(ctx, rules.SeedPassword)
	if err != nil {
		return err
	}
	admin, err := h.hash(ctx, rules.SeedAdminPassword)
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
	if err := tx.CreateInBatches(&rows, 500).Error; err != nil {
		return fmt.Errorf("seed users: %w", err)
	}
	return nil
}
