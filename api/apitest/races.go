package apitest

import (
	"figlab/api/problem"
	"figlab/api/shopapi"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// atOnce does something n times at the same time.
func atOnce(n int, do func(i int) answer) []answer {
	out := make([]answer, n)
	var all sync.WaitGroup
	for i := range out {
		all.Go(func() { out[i] = do(i) })
	}
	all.Wait()
	return out
}

// oneWins checks that one of several was let through, and the others were told why not.
func oneWins(t *testing.T, what string, answers []answer, won, lost int, code string) (winner answer) {
	t.Helper()
	n := 0
	for _, a := range answers {
		if a.status == won {
			n, winner = n+1, a
			continue
		}
		if d := decode[problem.Document](t, a); a.status != lost || d.Type != "urn:figlab:problem:"+code {
			t.Errorf("%s: refused with %d %s, want %d %s", what, a.status, d.Type, lost, code)
		}
	}
	if n != 1 {
		t.Fatalf("%s: %d of %d were let through, want 1", what, n, len(answers))
	}
	return winner
}

func (s *suite) testRaces(t *testing.T) {
	t.Parallel()
	email := "race-" + strings.ToLower(s.run) + "@example.org"
	oneWins(t, "one address, three users", atOnce(3, func(int) answer {
		return s.call(t, "createUser", request{body: shopapi.NewUser{Email: email, Password: password, Name: "R"}})
	}), http.StatusCreated, http.StatusConflict, "email-taken")

	p := s.newProduct(t, "trophy", 900, 2)
	oneWins(t, "one version, three changes", atOnce(3, func(i int) answer {
		price := euros(int64(1000 + i))
		return s.call(t, "updateProduct", request{
			args: []string{p.Id}, as: s.admin.token, body: shopapi.ProductPatch{Price: &price}, header: map[string]string{"If-Match": "1"},
		})
	}), http.StatusOK, http.StatusPreconditionFailed, "version-mismatch")

	s.testRestocks(t)
	s.testTwoKeys(t)
	s.testLastPieces(t, p)
}

// testRestocks receives goods once under a key however many say so at once, and each time under keys of their own.
func (s *suite) testRestocks(t *testing.T) {
	t.Helper()
	p := s.newProduct(t, "brick", 100, 0)
	for _, a := range atOnce(6, func(i int) answer {
		return s.call(t, "restock", request{
			args: []string{p.Id}, as: s.admin.token, header: key("lorry-" + itoa(i%2) + p.Id), body: shopapi.Restock{Quantity: 5},
		})
	}) {
		if a.status != http.StatusOK {
			t.Errorf("restock answered %d: %s", a.status, a.body)
		}
	}
	if got := s.stock(t, p.Id); got.OnHand != 10 || got.Reserved != 0 || got.Available != 10 {
		t.Errorf("two lorries brought 5 each: %+v", got)
	}
}

// testTwoKeys checks one cart out under several keys at once: it can be ordered once.
func (s *suite) testTwoKeys(t *testing.T) {
	t.Helper()
	u := s.newUser(t, "Twain")
	p := s.newProduct(t, "medal", 400, 10)
	s.fill(t, u, p.Id, 2)
	a := oneWins(t, "one cart, four keys", atOnce(4, func(i int) answer {
		return s.call(t, "placeOrder", request{as: u.token, header: key("key-" + itoa(i) + u.id), body: newOrder("tok_ok")})
	}), http.StatusCreated, http.StatusConflict, "empty-cart")
	o := decode[shopapi.Order](t, a)
	if got := s.walk(t, "listOrders", request{as: u.token}, 200, func() {}); len(got) != 1 || got[0] != o.Id {
		t.Errorf("one cart became the orders %v", got)
	}
	s.until(t, u, o.Id, decided)
	if got := s.stock(t, p.Id); got.Available != 8 {
		t.Errorf("2 of 10 were bought: %+v", got)
	}
}

// testLastPieces lets four shoppers fight for two pieces.
func (s *suite) testLastPieces(t *testing.T, p shopapi.Product) {
	t.Helper()
	users := make([]user, 4)
	for i := range users {
		users[i] = s.newUser(t, "Fan"+itoa(i))
		s.fill(t, users[i], p.Id, 1)
	}
	answers := atOnce(len(users), func(i int) answer {
		return s.call(t, "placeOrder", request{as: users[i].token, header: key("fight-" + users[i].id), body: newOrder("tok_ok")})
	})
	got := 0
	for i, a := range answers {
		if a.status != http.StatusCreated {
			t.Fatalf("shopper %d: %d %s", i, a.status, a.body)
		}
		o := s.until(t, users[i], decode[shopapi.Order](t, a).Id, decided)
		switch {
		case o.State != shopapi.OrderStateRejected:
			got++
		case o.Reason == nil || *o.Reason != shopapi.OutOfStock:
			t.Errorf("shopper %d was rejected for %v", i, o.Reason)
		}
	}
	if left := s.stock(t, p.Id); got != 2 || left.Available != 0 || left.OnHand-left.Reserved != 0 {
		t.Errorf("%d of 4 shoppers got one of 2 pieces: %+v", got, left)
	}
}

// decided says whether the shop has made up its mind about an order.
func decided(o shopapi.Order) bool { return o.State != shopapi.OrderStatePending }
