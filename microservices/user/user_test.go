package user_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"figlab/internal/engine/postgres"
	"figlab/microservices/platform/host"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	rules "figlab/shop/user"
)

const password = "a long enough password"

// TestLife is that of a user, who meets another replica each time.
func TestLife(t *testing.T) {
	s := newStand(t)
	fresh := shopapi.NewUser{Email: "Ada@Example.com", Password: password, Name: "Ada"}
	var ada, me shopapi.User
	ask{t, s.a.Addr(), "POST", "/users", "", fresh}.ok(201, &ada)
	if ada.Email != "ada@example.com" || ada.Role != shopapi.Customer || ada.Address != nil {
		t.Errorf("registered as %+v", ada)
	}
	session := signIn(t, s.b, "ADA@example.com", password)
	if left := time.Until(session.ExpiresAt); session.UserId != ada.Id || left < 59*time.Minute || left > time.Hour {
		t.Errorf("the session of %s lasts %v", session.UserId, left)
	}
	ask{t, s.a.Addr(), "GET", "/users/me", session.Token, nil}.ok(200, &me)
	if fmt.Sprint(me) != fmt.Sprint(ada) {
		t.Errorf("me is %+v, want %+v", me, ada)
	}
	name, home := "Ada L.", shopapi.Address{Line1: "1 Road", City: "Lisboa", Postcode: "1000", Country: "PT"}
	ask{t, s.b.Addr(), "PATCH", "/users/me", session.Token, shopapi.UserPatch{Name: &name, Address: &home}}.ok(200, nil)
	ask{t, s.a.Addr(), "GET", "/users/me", session.Token, nil}.ok(200, &me)
	if me.Name != name || me.Address == nil || *me.Address != home || me.Email != ada.Email {
		t.Errorf("changed to %+v", me)
	}
	signIn(t, s.a, ada.Email, password) // the change has not touched the password

	fresh.Password = "short"
	ask{t, s.a.Addr(), "POST", "/users", "", fresh}.refused(400, "invalid-request")
	fresh.Password = "ada@example.com"
	ask{t, s.a.Addr(), "POST", "/users", "", fresh}.refused(422, "weak-password")
	for email, pass := range map[string]string{ada.Email: "another password", "nobody@example.com": "nobody's password", "no address": password} {
		ask{t, s.a.Addr(), "POST", "/sessions", "", shopapi.Credentials{Email: email, Password: pass}}.refused(401, "wrong-credentials")
	}
	for _, token := range []string{"", "x", session.Token[:len(session.Token)-4] + "AAAA"} {
		ask{t, s.a.Addr(), "GET", "/users/me", token, nil}.refused(401, "unauthenticated")
	}
	if all := s.audit(t); !slices.Equal(all, []string{ada.Email}) {
		t.Errorf("the audit knows %v", all)
	}
	events := s.await(t, 1)
	if e := events[0]; len(events) != 1 || e.Key != ada.Id || e.Version != 1 || e.Schema != 1 || e.UserId == nil || *e.UserId != ada.Id ||
		!bytes.Contains(e.Data, []byte(`"email":"ada@example.com"`)) {
		t.Errorf("told %+v", events)
	}
}

// onBothStores runs a test over SQLite and, where there is one, over Postgres.
func onBothStores(t *testing.T, test func(*testing.T, *stand)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newStand(t)) })
	t.Run("postgres", func(t *testing.T) {
		if err := postgres.Find(); err != nil {
			t.Skip(err)
		}
		dir, err := os.MkdirTemp("", "figlab-pg-*") //nolint:usetesting // the parent of t.TempDir is closed to the user the server runs as
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		c, err := postgres.Start(t.Context(), postgres.Options{Dir: filepath.Join(dir, "data"), Unsafe: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := c.Stop(); err != nil {
				t.Error(err)
			}
		})
		if err := c.Create(t.Context(), "users"); err != nil {
			t.Fatal(err)
		}
		test(t, newStand(t, func(cfg *host.Config) { cfg.Store, cfg.DSN = "postgres", c.DSN("users") }))
	})
}

// TestReplicas is what two that share a database decide together: they have started at once on an empty one.
func TestReplicas(t *testing.T) {
	onBothStores(t, func(t *testing.T, s *stand) {
		seeded(t, s)
		race(t, s)
		meet(t, s)
		rotations(t, s)
		secrets(t, s)
	})
}

// seeded: the admin and the shoppers are there once, and in no audit.
func seeded(t *testing.T, s *stand) {
	if got := signIn(t, s.a, rules.SeedAdminEmail, rules.SeedAdminPassword).UserId; got != string(rules.Seed(1, 0).ID) {
		t.Errorf("the admin is %s", got)
	}
	if got := signIn(t, s.b, rules.SeedEmail(3), rules.SeedPassword).UserId; got != string(rules.Seed(1, 3).ID) {
		t.Errorf("shopper 3 is %s", got)
	}
	last := shopapi.Credentials{Email: rules.SeedEmail(4), Password: rules.SeedPassword}
	ask{t, s.a.Addr(), "POST", "/sessions", "", last}.refused(401, "wrong-credentials")
	if all := s.audit(t); len(all) > 0 {
		t.Errorf("the audit knows %v", all)
	}
}

// race: many register one address at once, in many spellings and at both replicas; one gets it, and that is told once.
func race(t *testing.T, s *stand) {
	told := len(s.told.bytes())
	var all sync.WaitGroup
	var mu sync.Mutex
	answers := map[string]int{}
	for i := range 10 {
		email := []string{"race@example.com", "Race@Example.COM"}[i/2%2]
		at := []*host.Host{s.a, s.b}[i%2]
		all.Go(func() {
			fresh := shopapi.NewUser{Email: email, Password: password, Name: fmt.Sprint("racer ", i)}
			status, body := ask{t, at.Addr(), "POST", "/users", "", fresh}.do()
			mu.Lock()
			defer mu.Unlock()
			answers[fmt.Sprint(status, " ", strings.Contains(string(body), "email-taken"))]++
		})
	}
	all.Wait()
	if answers["201 false"] != 1 || answers["409 true"] != 9 {
		t.Errorf("ten register one address: %v", answers)
	}
	if all := s.audit(t); !slices.Equal(all, []string{"race@example.com"}) {
		t.Errorf("the audit knows %v", all)
	}
	if events := s.await(t, 1); told != 0 || len(events) != 1 {
		t.Errorf("told %+v", events)
	}
}

// meet: two who change different things at once both succeed.
func meet(t *testing.T, s *stand) {
	token := signIn(t, s.a, "race@example.com", password).Token
	for i := range 15 {
		name, home := fmt.Sprint("name ", i), shopapi.Address{Line1: fmt.Sprint("line ", i), City: "C", Postcode: "1", Country: "PT"}
		var both sync.WaitGroup
		both.Go(func() { ask{t, s.a.Addr(), "PATCH", "/users/me", token, shopapi.UserPatch{Name: &name}}.ok(200, nil) })
		both.Go(func() {
			ask{t, s.b.Addr(), "PATCH", "/users/me", token, shopapi.UserPatch{Address: &home}}.ok(200, nil)
		})
		both.Wait()
		var me shopapi.User
		ask{t, s.a.Addr(), "GET", "/users/me", token, nil}.ok(200, &me)
		if me.Name != name || me.Address == nil || me.Address.Line1 != home.Line1 {
			t.Fatalf("round %d ended with %q, %+v", i, me.Name, me.Address)
		}
	}
}

// rotations: the ring is turned at both replicas at once, which one of them does while the other waits until its turn would hurt nobody;
// the old token stays good everywhere until it expires.
func rotations(t *testing.T, s *stand) {
	ask{t, s.a.AdminAddr(), "POST", "/keys/rotate", "", nil}.ok(401, nil)
	old := signIn(t, s.a, rules.SeedEmail(1), rules.SeedPassword).Token
	before := jwks(t, s.a)
	if len(before) != 2 {
		t.Errorf("%d keys are published at first", len(before))
	}
	s.pass(time.Minute)
	var both sync.WaitGroup
	var turned atomic.Int64
	for _, h := range []*host.Host{s.a, s.b} {
		both.Go(func() {
			if rotate(t, h) {
				turned.Add(1)
			}
		})
	}
	both.Wait()
	if turned.Load() != 1 {
		t.Errorf("the ring was turned %d times at once", turned.Load())
	}
	s.pass(2 * time.Second)
	after := jwks(t, s.b)
	if len(after) != 3 || after[0] != before[1] || !slices.Contains(after, before[0]) {
		t.Errorf("%v were published, and after a rotation %v", before, after)
	}
	if all := jwks(t, s.a); !slices.Equal(after, all) {
		t.Errorf("one publishes %v, the other %v", after, all)
	}
	fresh := signIn(t, s.b, rules.SeedEmail(1), rules.SeedPassword).Token
	if kid(t, old) != before[0] || kid(t, fresh) != after[0] {
		t.Errorf("signed with %s and then %s", kid(t, old), kid(t, fresh))
	}
	for _, at := range []*host.Host{s.a, s.b} {
		for _, token := range []string{old, fresh} {
			ask{t, at.Addr(), "GET", "/users/me", token, nil}.ok(200, nil)
		}
	}
	s.pass(time.Hour + time.Minute)
	ask{t, s.a.Addr(), "GET", "/users/me", old, nil}.refused(401, "unauthenticated")
	if n := len(jwks(t, s.a)); n != 2 {
		t.Errorf("%d keys are published when all others are past", n)
	}
	signIn(t, s.a, rules.SeedEmail(1), rules.SeedPassword)
}

// rotate turns the ring, unless that takes longer than a second.
func rotate(t *testing.T, at *host.Host) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+at.AdminAddr()+"/keys/rotate", nil)
	if err != nil {
		t.Error(err)
		return false
	}
	req.Header.Set("Authorization", "Bearer test")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	var ring internalapi.KeyRing
	if err := json.NewDecoder(resp.Body).Decode(&ring); err != nil || resp.StatusCode != http.StatusOK ||
		len(ring.Published) != 3 || ring.Published[0] != ring.Current {
		t.Errorf("rotated: %d, %+v, %v", resp.StatusCode, ring, err)
	}
	return true
}

func jwks(t *testing.T, at *host.Host) (kids []string) {
	t.Helper()
	var set shopapi.JWKS
	ask{t, at.Addr(), "GET", "/.well-known/jwks.json", "", nil}.ok(200, &set)
	for _, k := range set.Keys {
		kids = append(kids, k.Kid)
	}
	return kids
}

func kid(t *testing.T, token string) string {
	t.Helper()
	head, _, _ := strings.Cut(token, ".")
	b, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), `"kid":"`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

// secrets: after all this nothing of what must not leave the database is in a log or an event.
func secrets(t *testing.T, s *stand) {
	out := append(s.logs.bytes(), s.told.bytes()...)
	if !bytes.Contains(out, []byte("keys rotated")) {
		t.Error("the rotation is not in the log")
	}
	secrets := []string{password, rules.SeedPassword, rules.SeedAdminPassword, "argon2id"}
	if s.cfg.Store == "sqlite" {
		db, err := sql.Open("sqlite", filepath.Join(s.cfg.Database, "user.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		rows, err := db.QueryContext(t.Context(), "SELECT private FROM user_keys WHERE private <> ''")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var private string
			if err := rows.Scan(&private); err != nil {
				t.Fatal(err)
			}
			secrets = append(secrets, private)
		}
		if err := rows.Err(); err != nil || len(secrets) != 6 {
			t.Errorf("%d secrets, %v", len(secrets), err)
		}
	}
	for i, secret := range secrets {
		if bytes.Contains(out, []byte(secret)) {
			t.Errorf("secret %d was told or logged", i)
		}
	}
}
