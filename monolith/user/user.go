package user

import (
	"context"
	"errors"
	"figlab/api/token"
	"figlab/internal/process"
	"figlab/monolith/platform/db"
	"figlab/monolith/platform/outbox"
	"figlab/shop"
	"fmt"
	"time"

	rules "figlab/shop/user"
)

// tokenLife is how long a session lasts.
const tokenLife = time.Hour

// A Module of the monolith.
type Module struct {
	db     *db.DB
	out    outbox.Outbox
	deps   process.Deps
	hash   hasher
	issuer token.Issuer
	decoy  string // hash that is checked for addresses nobody has, so that they take as long
}

// New returns the module; it makes the signing key when there is none.
func New(ctx context.Context, d *db.DB, out outbox.Outbox, deps process.Deps) (*Module, error) {
	key, err := signingKey(ctx, d)
	if err != nil {
		return nil, err
	}
	m := &Module{db: d, out: out, deps: deps, hash: newHasher(), issuer: token.NewIssuer(key)}
	m.decoy, err = m.hash.hash(ctx, "nobody's password")
	return m, err
}

// Verifier verifies the tokens this module issues.
func (m *Module) Verifier() token.Verifier { return token.NewVerifier(m.issuer, m.deps.Now) }

// Register adds a shopper. The hash is made before the transaction begins: it takes longer than any write should wait.
func (m *Module) Register(ctx context.Context, email, password, name string, address *shop.Address) (rules.User, error) {
	email, err := rules.NormaliseEmail(email)
	if err != nil {
		return rules.User{}, err
	}
	if err := rules.CheckPassword(password, email); err != nil {
		return rules.User{}, err
	}
	encoded, err := m.hash.hash(ctx, password)
	if err != nil {
		return rules.User{}, err
	}
	u := rules.User{
		ID: shop.UserID(m.deps.IDs.New()), Email: email, Name: name, Role: rules.Customer, Address: address, Created: m.deps.Now().UTC(),
	}
	r, err := toRow(u, encoded, false)
	if err != nil {
		return rules.User{}, err
	}
	err = m.db.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Create(&r).Error; errors.Is(err, db.ErrDuplicate) {
			return rules.ErrEmailTaken
		} else if err != nil {
			return err
		}
		return m.out.Append(tx, outbox.Change{Capability: shop.User, Type: "user-registered", Key: r.ID, Version: 1, Data: toWire(u)})
	})
	if err != nil {
		return rules.User{}, fmt.Errorf("register: %w", err)
	}
	return u, nil
}

// SignIn returns a token for a user who knows the password.
func (m *Module) SignIn(ctx context.Context, email, password string) (signed string, expires time.Time, id shop.UserID, err error) {
	email, err = rules.NormaliseEmail(email)
	if err != nil {
		return "", time.Time{}, "", rules.ErrCredentials
	}
	r := row{Password: m.decoy}
	known := true
	if err := m.db.Read(ctx).Take(&r, "email = ?", email).Error; errors.Is(err, db.ErrNone) {
		known = false
	} else if err != nil {
		return "", time.Time{}, "", fmt.Errorf("sign in: %w", err)
	}
	ok, err := m.hash.matches(ctx, password, r.Password)
	if err != nil {
		return "", time.Time{}, "", fmt.Errorf("sign in: %w", err)
	}
	if !ok || !known {
		return "", time.Time{}, "", rules.ErrCredentials
	}
	now := m.deps.Now()
	signed, err = m.issuer.Issue(token.Claims{User: r.ID, Email: r.Email, Role: r.Role}, now, tokenLife)
	return signed, now.Add(tokenLife).UTC(), shop.UserID(r.ID), err
}

// Me returns a user.
func (m *Module) Me(ctx context.Context, id shop.UserID) (rules.User, error) {
	var r row
	if err := m.db.Read(ctx).Take(&r, "id = ?", id).Error; errors.Is(err, db.ErrNone) {
		return rules.User{}, rules.ErrNotFound
	} else if err != nil {
		return rules.User{}, fmt.Errorf("read user: %w", err)
	}
	return r.user()
}

// Change sets what is not nil.
func (m *Module) Change(ctx context.Context, id shop.UserID, name *string, address *shop.Address) (u rules.User, err error) {
	err = m.db.Write(ctx, func(tx *db.Tx) error {
		var r row
		if err := tx.Locking().Take(&r, "id = ?", id).Error; errors.Is(err, db.ErrNone) {
			return rules.ErrNotFound
		} else if err != nil {
			return err
		}
		if u, err = r.user(); err != nil {
			return err
		}
		if name != nil {
			u.Name = *name
		}
		if address != nil {
			u.Address = address
		}
		changed, err := toRow(u, r.Password, r.Seeded)
		if err != nil {
			return err
		}
		return tx.Save(&changed).Error
	})
	if err != nil {
		return rules.User{}, fmt.Errorf("change user: %w", err)
	}
	return u, nil
}
