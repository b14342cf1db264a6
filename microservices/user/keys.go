package user

import (
	"context"
	"crypto/ed25519"
	"errors"
	"figlab/api/token"
	"figlab/internal/process"
	"figlab/microservices/platform/store"
	"fmt"
	"sync"
	"time"
)

// A key is next, current, retired, and then gone. All replicas share the ring, and none asks the others: each reads it again when what it
// knows is old. That nobody is signed out when the ring turns rests on three times.
const (
	// ringFresh is how old what a replica knows may be when it signs or publishes.
	ringFresh = 2 * time.Second
	// settled is how long a key is published before it signs. After ringFresh every replica publishes it. A verifier that asked just
	// before does not know it yet; it asks again when it meets the key, unless such a request is under way, for two seconds at most.
	settled = 5 * time.Second
	// kept is how long a retired key is published: as long as its last token lives, and a minute for replicas that signed with it a
	// little longer and for clocks that differ.
	kept = tokenLife + time.Minute
)

// A ring is the keys as one replica knows them.
type ring struct {
	db   *store.Store
	now  func() time.Time
	turn chan struct{} // one reads at a time, and the others take what it has read

	mu    sync.Mutex
	known token.Issuer
	read  time.Time // when the reading began that gave known
}

// openRing makes the first keys where there are none. Of replicas that start at once on one database one makes them.
func openRing(ctx context.Context, db *store.Store, now func() time.Time) (*ring, error) {
	r := &ring{db: db, now: now, turn: make(chan struct{}, 1)}
	err := db.Write(ctx, func(tx *store.Tx) error {
		at := now()
		rows, err := readKeys(tx.DB, at)
		if err != nil || len(rows) > 0 {
			return err
		}
		return addKeys(tx, at, current, next)
	})
	if err == nil || errors.Is(err, store.ErrDuplicate) { // a duplicate: another replica was faster
		_, err = r.issuer(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("open the ring of keys: %w", err)
	}
	return r, nil
}

// issuer returns what signs and is published now. When it cannot be read it is an error: a replica that goes on with an old ring would in
// the end sign with a key that nobody takes any more.
func (r *ring) issuer(ctx context.Context) (token.Issuer, error) {
	if i, fresh := r.remembered(); fresh {
		return i, nil
	}
	if err := r.lock(ctx); err != nil {
		return token.Issuer{}, err
	}
	defer r.unlock()
	if i, fresh := r.remembered(); fresh { // somebody else has read it meanwhile
		return i, nil
	}
	return r.load(ctx)
}

// Key finds the public key of an id. It implements token.Keys for this process's own door. Tokens are still verified while the ring cannot
// be read: a key stays what it is.
func (r *ring) Key(ctx context.Context, kid string) (ed25519.PublicKey, error) {
	i, lost := r.issuer(ctx)
	if lost == nil {
		return i.Key(ctx, kid)
	}
	i, _ = r.remembered()
	key, err := i.Key(ctx, kid)
	if err != nil {
		return nil, lost // it may be one that was made since
	}
	return key, nil
}

// rotate makes the next key the current one, and a new one the next. It waits until the next one is settled.
func (r *ring) rotate(ctx context.Context) (token.Issuer, error) {
	for {
		early, err := r.turnOver(ctx)
		if err != nil && !errors.Is(err, errTurned) {
			return token.Issuer{}, fmt.Errorf("rotate the keys: %w", err)
		}
		if err == nil && early <= 0 {
			break
		}
		if err := process.Pause(ctx, early); err != nil {
			return token.Issuer{}, fmt.Errorf("rotate the keys: wait until the next one is known everywhere: %w", err)
		}
	}
	if err := r.lock(ctx); err != nil {
		return token.Issuer{}, err
	}
	defer r.unlock()
	return r.load(ctx)
}

// errTurned: another replica has turned the ring in the same moment.
var errTurned = errors.New("the ring was turned by somebody else")

// turnOver turns the ring, or says by how much it is too early. Each step names the state it begins from, so of two that turn at once one
// finds nothing to change and begins anew.
func (r *ring) turnOver(ctx context.Context) (early time.Duration, err error) {
	err = r.db.Write(ctx, func(tx *store.Tx) error {
		now := r.now()
		rows, err := readKeys(tx.DB, now)
		if err != nil {
			return err
		}
		signing, coming := rows.in(current), rows.in(next)
		if signing == nil || coming == nil {
			return errNoKey
		}
		// A clock that was set back must not keep the ring from turning.
		if early = min(settled-now.Sub(store.Time(coming.Created)), settled); early > 0 {
			return nil
		}
		if err := signing.retire(tx, now); err != nil {
			return err
		}
		if err := coming.promote(tx); err != nil {
			return err
		}
		if err := addKeys(tx, now, next); err != nil {
			return err
		}
		return forgetKeys(tx, now)
	})
	if errors.Is(err, store.ErrDuplicate) {
		err = errTurned
	}
	return early, err
}

// remembered returns what was read last, and whether it is still fresh. With a clock that was set back it is not.
func (r *ring) remembered() (token.Issuer, bool) {
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	age := now.Sub(r.read)
	return r.known, !r.read.IsZero() && age >= 0 && age < ringFresh
}

func (r *ring) lock(ctx context.Context) error {
	select {
	case r.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the keys: %w", context.Cause(ctx))
	}
}

func (r *ring) unlock() { <-r.turn }

// load reads the ring; the caller holds the turn.
func (r *ring) load(ctx context.Context) (token.Issuer, error) {
	began := r.now()
	rows, err := readKeys(r.db.Read(ctx), began)
	if err != nil {
		return token.Issuer{}, err
	}
	i, err := rows.issuer()
	if err != nil {
		return token.Issuer{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known, r.read = i, began
	return i, nil
}
