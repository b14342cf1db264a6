package user

import (
	"context"
	"embed"
	"errors"
	"figlab/api/internalapi"
	"figlab/api/internalapi/keysapi"
	"figlab/api/shopapi/userapi"
	"figlab/api/token"
	"figlab/internal/process"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/outbox"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"
	"time"

	rules "figlab/shop/user"
)

//go:embed migrations/*.sql
var migrations embed.FS

// tokenLife is how long a session lasts.
const tokenLife = time.Hour

// A User service keeps the accounts and signs the tokens.
type User struct {
	db    *store.Store
	out   outbox.Outbox
	deps  process.Deps
	hash  hasher
	keys  *ring
	decoy string // hash that is checked for addresses nobody has, so that they take as long
}

// New opens the service's database and binds its addresses. It seeds the users when the service owns them, and makes the first keys.
func New(ctx context.Context, cfg host.Config, deps process.Deps) (_ *host.Host, err error) {
	h, err := host.New(string(shop.User), cfg, deps)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Close())
		}
	}()
	db, err := h.Store(ctx, migrations)
	if err != nil {
		return nil, err
	}
	u := &User{db: db, out: h.Outbox(), deps: deps, hash: newHasher()}
	if cfg.Owns {
		if err := u.seed(ctx, cfg.Seed.Seed, cfg.Seed.Users); err != nil {
			return nil, err
		}
	}
	if u.keys, err = openRing(ctx, db, deps.Now); err != nil {
		return nil, err
	}
	if u.decoy, err = u.hash.hash(ctx, "nobody's password"); err != nil {
		return nil, err
	}
	h.VerifyBy(token.NewVerifier(u.keys, deps.Now))
	h.Audit(u.audit)
	public, err := h.Contract()
	if err != nil {
		return nil, err
	}
	userapi.RegisterHandlers(public, userapi.NewStrictHandler(HTTP{u}, nil))
	keysapi.RegisterHandlers(h.Behind(), keysapi.NewStrictHandler(Keys{u}, nil))
	h.Serve()
	return h, nil
}

// Register adds a shopper. Of several who register one address at once, at whichever replicas, one gets it: the database decides. The
// hash is made before the transaction begins: it takes longer than any write should wait.
func (u *User) Register(ctx context.Context, email, password, name string, address *shop.Address) (rules.User, error) {
	email, err := rules.NormaliseEmail(email)
	if err != nil {
		return rules.User{}, err
	}
	if err := rules.CheckPassword(password, email); err != nil {
		return rules.User{}, err
	}
	encoded, err := u.hash.hash(ctx, password)
	if err != nil {
		return rules.User{}, err
	}
	fresh := rules.User{
		ID: shop.UserID(u.deps.IDs.New()), Email: email, Name: name, Role: rules.Customer, Address: address,
		Created: store.Time(store.Micros(u.deps.Now())), // as it will be read again
	}
	r, err := toRow(fresh, encoded, false)
	if err != nil {
		return rules.User{}, err
	}
	err = u.db.Write(ctx, func(tx *store.Tx) error {
		if err := tx.Create(&r).Error; errors.Is(err, store.ErrDuplicate) {
			return rules.ErrEmailTaken
		} else if err != nil {
			return err
		}
		return u.out.Append(tx, registered(fresh))
	})
	if err != nil {
		return rules.User{}, fmt.Errorf("register: %w", err)
	}
	return fresh, nil
}

// SignIn returns a token for a user who knows the password.
func (u *User) SignIn(ctx context.Context, email, password string) (signed string, expires time.Time, id shop.UserID, err error) {
	email, err = rules.NormaliseEmail(email)
	if err != nil {
		return "", time.Time{}, "", rules.ErrCredentials
	}
	r := row{Password: u.decoy}
	known := true
	if err := u.db.Read(ctx).Take(&r, "email = ?", email).Error; errors.Is(err, store.ErrNone) {
		known = false
	} else if err != nil {
		return "", time.Time{}, "", fmt.Errorf("sign in: %w", err)
	}
	ok, err := u.hash.matches(ctx, password, r.Password)
	if err != nil {
		return "", time.Time{}, "", fmt.Errorf("sign in: %w", err)
	}
	if !ok || !known {
		return "", time.Time{}, "", rules.ErrCredentials
	}
	issuer, err := u.keys.issuer(ctx)
	if err != nil {
		return "", time.Time{}, "", fmt.Errorf("sign in: %w", err)
	}
	now := u.deps.Now()
	signed, err = issuer.Issue(token.Claims{User: r.ID, Email: r.Email, Role: r.Role}, now, tokenLife)
	return signed, now.Add(tokenLife).UTC(), shop.UserID(r.ID), err
}

// Me returns a user.
func (u *User) Me(ctx context.Context, id shop.UserID) (rules.User, error) {
	r, err := find(u.db.Read(ctx), id)
	if err != nil {
		return rules.User{}, err
	}
	return r.user()
}

// Change sets what is not nil. The row is locked: two who change different things at once both succeed.
func (u *User) Change(ctx context.Context, id shop.UserID, name *string, address *shop.Address) (changed rules.User, err error) {
	err = u.db.Write(ctx, func(tx *store.Tx) error {
		r, err := find(tx.Locking(), id)
		if err != nil {
			return err
		}
		if changed, err = r.user(); err != nil {
			return err
		}
		if name != nil {
			changed.Name = *name
		}
		if address != nil {
			changed.Address = address
		}
		after, err := toRow(changed, r.Password, r.Seeded)
		if err != nil {
			return err
		}
		return tx.Save(&after).Error
	})
	if err != nil {
		return rules.User{}, fmt.Errorf("change user: %w", err)
	}
	return changed, nil
}

// audit tells who has registered. Nothing is ever left to do here.
func (u *User) audit(ctx context.Context, a *internalapi.Audit) error {
	all, err := emails(u.db.Read(ctx))
	a.Users = append(a.Users, all...)
	return err
}
