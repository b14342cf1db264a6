package user

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"figlab/api/token"
	"figlab/microservices/platform/store"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// replicas opens n stores on one database. They are opened outside of the bubble: what they keep running has no end inside.
func replicas(t *testing.T, n int) []*store.Store {
	t.Helper()
	dir := t.TempDir()
	all := make([]*store.Store, n)
	for i := range all {
		s, err := store.Open(t.Context(), store.Options{Kind: store.SQLite, Dir: dir, Name: "user", Migrations: migrations})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() }) // some tests close it themselves
		all[i] = s
	}
	return all
}

func rings(t *testing.T, stores []*store.Store) []*ring {
	t.Helper()
	all := make([]*ring, len(stores))
	for i, s := range stores {
		r, err := openRing(t.Context(), s, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		all[i] = r
	}
	return all
}

// published lists the kids a ring publishes; the first one signs.
func published(t *testing.T, r *ring) (kids []string) {
	t.Helper()
	i, err := r.issuer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range i.JWKS().Keys {
		kids = append(kids, k.Kid)
	}
	return kids
}

func stored(t *testing.T, s *store.Store) (rows keyRows) {
	t.Helper()
	if err := s.Read(t.Context()).Order("created, id").Find(&rows).Error; err != nil {
		t.Fatal(err)
	}
	return rows
}

// front is how the rest of the house reads the keys: from one replica or another.
type front struct {
	rings []*ring
	asked int
}

func (f *front) RoundTrip(r *http.Request) (*http.Response, error) {
	f.asked++
	i, err := f.rings[f.asked%len(f.rings)].issuer(r.Context())
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(i.JWKS())
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(b)), Request: r}, err
}

// session is a token somebody holds.
type session struct {
	signed string
	until  time.Time
}

func issue(t *testing.T, r *ring) session {
	t.Helper()
	i, err := r.issuer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	signed, err := i.Issue(token.Claims{User: "u", Email: "a@example.com", Role: "customer"}, time.Now(), tokenLife)
	if err != nil {
		t.Fatal(err)
	}
	return session{signed, time.Now().Add(tokenLife)}
}

// TestRotationRefusesNoGoodToken turns the ring of two replicas, twice without a pause, while both sign and everybody verifies: the replicas
// by their own ring, others by the keys they fetch, all the time, now and then, and hardly ever. A forger has them look for a key that does
// not exist whenever it hurts.
func TestRotationRefusesNoGoodToken(t *testing.T) {
	stores := replicas(t, 2)
	synctest.Test(t, func(t *testing.T) {
		all := rings(t, stores)
		f := &front{rings: all}
		habits := []time.Duration{10 * time.Second, 70 * time.Second, 17 * time.Minute, 10 * time.Second, 10 * time.Second}
		verifiers := make([]token.Verifier, len(habits))
		for n := range habits {
			verifiers[n] = token.NewVerifier(token.NewRemote(&http.Client{Transport: f}, "http://user/keys", time.Now), time.Now)
		}
		verifiers[3], verifiers[4] = token.NewVerifier(all[0], time.Now), token.NewVerifier(all[1], time.Now)

		turns := map[time.Duration]int{time.Minute: 2, 30 * time.Minute: 1, 63 * time.Minute: 3}
		forged, err := token.NewIssuer(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))).Issue(token.Claims{User: "u"}, time.Now(), 3*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		var under sync.WaitGroup
		defer under.Wait()
		var sessions []session
		var busy, step time.Duration
		kids := map[string]bool{}
		for at := time.Duration(0); at < 130*time.Minute; at += step {
			if n := turns[at]; n > 0 {
				busy = at + 30*time.Second
				under.Go(func() {
					for i := range n {
						if _, err := all[i/2].rotate(t.Context()); err != nil {
							t.Error(err)
						}
					}
				})
			}
			if at < busy || at%(5*time.Minute) == 0 { // signed this second, shown everywhere the same second
				for _, r := range all {
					kids[published(t, r)[0]] = true
					sessions = append(sessions, issue(t, r))
				}
			}
			for len(sessions) > 0 && !time.Now().Before(sessions[0].until) {
				sessions = sessions[1:]
			}
			for n, v := range verifiers {
				if at%habits[n] != 0 && at >= busy {
					continue
				}
				if at < busy {
					if _, err := v.Verify(t.Context(), forged); !errors.Is(err, token.ErrInvalid) {
						t.Errorf("a forged token: %v", err)
					}
				}
				for i, s := range sessions {
					if at < busy && i < len(sessions)-4 && at%(5*time.Second) != 0 {
						continue
					}
					if _, err := v.Verify(t.Context(), s.signed); err != nil {
						t.Fatalf("after %v verifier %d refuses a token that is good for another %v: %v", at, n, time.Until(s.until), err)
					}
				}
			}
			if step = 10 * time.Second; at < busy {
				step = 300 * time.Millisecond // in step with nobody
			}
			time.Sleep(step)
			synctest.Wait()
		}
		under.Wait()
		if len(kids) != 7 {
			t.Errorf("%d keys have signed in the course of six rotations", len(kids))
		}
	})
}

// TestRotateWaits: a key that was made just now does not sign at once, and whoever gives up waiting has changed nothing.
func TestRotateWaits(t *testing.T) {
	stores := replicas(t, 1)
	synctest.Test(t, func(t *testing.T) {
		r := rings(t, stores)[0]
		before := stored(t, stores[0])
		began := time.Now()
		impatient, cancel := context.WithTimeout(t.Context(), settled-time.Second)
		defer cancel()
		if _, err := r.rotate(impatient); err == nil {
			t.Error("a key signs that is four seconds old")
		}
		if after := stored(t, stores[0]); fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("%v became %v", before, after)
		}
		i, err := r.rotate(t.Context())
		if err != nil || i.JWKS().Keys[0].Kid != before.in(next).ID {
			t.Errorf("%v: signs with %v, want %v", err, i.JWKS().Keys[0].Kid, before.in(next))
		}
		if took := time.Since(began); took != settled {
			t.Errorf("rotated after %v", took)
		}
	})
}

// TestRotationsAtOnce: whoever rotates, and however many at once, there is one current and one next key; a retired one has lost its private
// half, and is gone when its last token is.
func TestRotationsAtOnce(t *testing.T) {
	stores := replicas(t, 2)
	synctest.Test(t, func(t *testing.T) {
		all := rings(t, stores)
		time.Sleep(settled)
		var done sync.WaitGroup
		for i := range 4 {
			done.Go(func() {
				if _, err := all[i/2].rotate(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		done.Wait()
		states := map[string]int{}
		for _, r := range stored(t, stores[0]) {
			states[r.State]++
			if (r.Private == "") != (r.State == retired) || (r.RetiredAt != 0) != (r.State == retired) {
				t.Errorf("%v, retired at %d, private half %t", r, r.RetiredAt, r.Private != "")
			}
		}
		if states[current] != 1 || states[next] != 1 || states[retired] != 4 {
			t.Errorf("after four rotations: %v", states)
		}
		time.Sleep(kept - 10*time.Second)
		if n := len(published(t, all[1])); n < 3 {
			t.Errorf("%d keys are published while tokens of others are good", n)
		}
		time.Sleep(10 * time.Second)
		if n := len(published(t, all[1])); n != 2 {
			t.Errorf("%d keys are published, all others were retired an hour ago", n)
		}
		if _, err := all[0].rotate(t.Context()); err != nil {
			t.Error(err)
		}
		if rows := stored(t, stores[0]); len(rows) != 3 {
			t.Errorf("%v are kept", rows)
		}
	})
}

// TestOthersRotation: a replica learns within ringFresh that another one has rotated, and does not read the ring more often than that.
func TestOthersRotation(t *testing.T) {
	stores := replicas(t, 2)
	synctest.Test(t, func(t *testing.T) {
		all := rings(t, stores)
		time.Sleep(settled)
		before := published(t, all[1])
		if _, err := all[0].rotate(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(ringFresh - 1)
		if now := published(t, all[1]); now[0] != before[0] {
			t.Error("the ring was read again within its time")
		}
		time.Sleep(time.Nanosecond)
		if now := published(t, all[1]); now[0] != before[1] || len(now) != 3 {
			t.Errorf("%v were published before, %v after a rotation elsewhere", before, now)
		}
	})
}

// TestRingUnreadable: without the database nothing is signed or published, but known keys verify; of others nobody says they are wrong.
func TestRingUnreadable(t *testing.T) {
	stores := replicas(t, 1)
	synctest.Test(t, func(t *testing.T) {
		r := rings(t, stores)[0]
		kid := published(t, r)[0]
		if err := stores[0].Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(ringFresh)
		if _, err := r.issuer(t.Context()); err == nil {
			t.Error("signs with keys that may be old")
		}
		if _, err := r.Key(t.Context(), kid); err != nil {
			t.Errorf("a known key: %v", err)
		}
		if _, err := r.Key(t.Context(), "other"); err == nil || errors.Is(err, token.ErrInvalid) {
			t.Errorf("a key that may have been made since: %v", err)
		}
	})
}

// TestKeysShowNothing: whichever way a row is printed, or fails to be read, its private half is not there.
func TestKeysShowNothing(t *testing.T) {
	row := keyRow{ID: "kid", Public: "p", Private: "secret", State: current}
	_, broken := keyRows{row}.issuer()
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s", row, row, row, row), fmt.Sprintf("%+v", keyRows{row}), fmt.Sprint(broken)} {
		if bytes.Contains([]byte(text), []byte("secret")) {
			t.Error(text)
		}
	}
	if !errors.Is(broken, errBadKey) {
		t.Errorf("a key that is none: %v", broken)
	}
}
