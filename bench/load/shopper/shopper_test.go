package shopper_test

import (
	"context"
	"errors"
	"figlab/api/shopapi"
	"figlab/bench/load/shopper"
	"figlab/internal/history"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// crowd returns n regulars who act on the handler; the clock counts its readings.
func crowd(t *testing.T, n, most int, h http.HandlerFunc) *shopper.Crowd {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/sessions" {
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"token":"t"}`)
			return
		}
		h(w, r)
	}))
	t.Cleanup(srv.Close)
	t.Cleanup(srv.CloseClientConnections)
	var ticks atomic.Int64
	c := shopper.NewCrowd(shopper.Config{
		URL: srv.URL, Stage: "2", Clients: "unit", Seed: 1, Products: 50, Users: most, Regulars: n, Most: most,
		Timeout: 10 * time.Second, Clock: func() int64 { return ticks.Add(1) },
	})
	t.Cleanup(c.Close)
	c.SignIn(t.Context(), func(history.Record) {})
	return c
}

// do lets the next shopper who is not the admin do op.
func do(t *testing.T, c *shopper.Crowd, op string) history.Record {
	t.Helper()
	for {
		admin := false
		rec, err := c.Turn(t.Context(), 0, func(s *shopper.Shopper) (string, error) {
			if admin = s.Admin(); admin {
				return "getMe", nil
			}
			return op, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if !admin {
			return rec
		}
	}
}

// TestOutcomes: what the client may say after each thing that can happen to a request.
func TestOutcomes(t *testing.T) {
	answer := func(status int, header, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if name, value, ok := strings.Cut(header, ": "); ok {
				w.Header().Set(name, value)
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	cut := func(_ http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }
	half := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"items":`)
		panic(http.ErrAbortHandler)
	}
	for _, c := range []struct {
		name        string
		h           http.HandlerFunc
		read, write history.Outcome
	}{
		{"success", answer(200, "", `{"items":[]}`), history.OK, history.OK},
		{"no JSON", answer(200, "", `oops`), history.Fail, history.Unknown},
		{"refused by the contract", answer(409, "", `{"type":"urn:figlab:problem:x"}`), history.Fail, history.Fail},
		{"not found", answer(404, "", ``), history.Fail, history.Fail},
		{"too many, not executed", answer(429, "X-Not-Executed: 1", ``), history.Fail, history.Fail},
		{"too many", answer(429, "", ``), history.Fail, history.Unknown},
		{"unavailable, not executed", answer(503, "X-Not-Executed: 1", ``), history.Fail, history.Fail},
		{"unavailable", answer(503, "", ``), history.Fail, history.Unknown},
		{"unavailable, perhaps executed", answer(503, "X-Not-Executed: 0", ``), history.Fail, history.Unknown},
		{"internal", answer(500, "", ``), history.Fail, history.Unknown},
		{"moved", answer(302, "Location: /x", ``), history.Fail, history.Unknown},
		{"cut off", cut, history.Fail, history.Unknown},
		{"half an answer", half, history.Fail, history.Unknown},
	} {
		crowd := crowd(t, 1, 1, c.h)
		if rec := do(t, crowd, "getCart"); rec.Outcome != c.read {
			t.Errorf("%s: the read is %s, want %s: %+v", c.name, rec.Outcome, c.read, rec)
		}
		rec := do(t, crowd, "putCartItem")
		if rec.Outcome != c.write || !rec.Wrote || rec.Attempts != 1 {
			t.Errorf("%s: the write is %s, want %s: %+v", c.name, rec.Outcome, c.write, rec)
		}
		if c.name == "refused by the contract" && rec.Problem != "urn:figlab:problem:x" {
			t.Errorf("%s: problem %q", c.name, rec.Problem)
		}
	}
}

// TestRefused: nothing left this process, so nothing can have happened.
func TestRefused(t *testing.T) {
	c := shopper.NewCrowd(shopper.Config{
		URL: "http://127.0.0.1:1", Clients: "unit", Products: 1, Users: 1, Regulars: 1, Most: 1, Timeout: time.Second, Clock: func() int64 { return 0 },
	})
	if rec := do(t, c, "createUser"); rec.Outcome != history.Fail || rec.Wrote || rec.Attempts != 1 || rec.Error == "" || rec.Status != 0 {
		t.Errorf("%+v", rec)
	}
}

// TestTimeout: the shop took the request and says nothing.
func TestTimeout(t *testing.T) {
	release := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(srv.Close)
	t.Cleanup(func() { close(release) })
	c := shopper.NewCrowd(shopper.Config{
		URL: srv.URL, Clients: "unit", Products: 1, Users: 1, Regulars: 1, Most: 1, Timeout: 20 * time.Millisecond,
		Clock: func() int64 { return 0 },
	})
	if rec := do(t, c, "createUser"); rec.Outcome != history.Unknown || !rec.Wrote || !strings.Contains(rec.Error, "deadline") {
		t.Errorf("%+v", rec)
	}
}

// TestNothingIsSentTwice: Go's transport sends a request with an Idempotency-Key again by itself when a connection it used before breaks. The
// history would then hold one attempt where there were two.
func TestNothingIsSentTwice(t *testing.T) {
	var mu sync.Mutex
	keys := map[string]int{}
	c := crowd(t, 1, 1, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/orders" {
			_, _ = io.WriteString(w, `{"items":[{}],"version":1}`)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		keys[r.Header.Get("Idempotency-Key")]++
		mu.Unlock()
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = conn.(*net.TCPConn).CloseWrite() // an orderly end, as of a server that closes an idle connection
		_ = conn.Close()
	})
	do(t, c, "putCartItem") // the connection is used before
	rec := do(t, c, "placeOrder")
	mu.Lock()
	defer mu.Unlock()
	if keys[rec.Key] != 1 || rec.Attempts != 1 || rec.Outcome != history.Unknown {
		t.Errorf("sent %d times: %+v", keys[rec.Key], rec)
	}
}

// TestLostOrder is asked for again under its key, by a client with a new name, three times in all; then it is given up.
func TestLostOrder(t *testing.T) {
	lose := true
	var bodies []string
	c := crowd(t, 1, 1, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/orders" {
			_, _ = io.WriteString(w, `{"items":[{}],"version":1}`)
			return
		}
		b, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(b))
		if lose {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.Header().Set("Idempotent-Replayed", "true")
		_, _ = io.WriteString(w, `{"id":"o1","state":"confirmed","version":1,"total":{"amount":5},"lines":[{"product_id":"p","quantity":2}]}`)
	})
	first := do(t, c, "placeOrder")
	second := do(t, c, "placeOrder")
	lose = false
	third := do(t, c, "placeOrder")
	if first.Key == "" || second.Key != first.Key || third.Key != first.Key || bodies[0] != bodies[2] {
		t.Errorf("keys %s, %s, %s and bodies %q", first.Key, second.Key, third.Key, bodies)
	}
	if first.Client != "unit-0001.0" || second.Client != "unit-0001.1" || third.Client != "unit-0001.2" {
		t.Errorf("clients %s, %s, %s", first.Client, second.Client, third.Client)
	}
	want := history.Line{Product: "p", Quantity: 2}
	if third.Outcome != history.OK || !third.Replayed || third.Order != "o1" || third.Total != 5 || len(third.Lines) != 1 || third.Lines[0] != want {
		t.Errorf("replayed: %+v", third)
	}
	lose = true
	given := map[string]int{}
	for range 6 {
		given[do(t, c, "placeOrder").Key]++
	}
	if len(given) != 2 {
		t.Errorf("six placements under keys %v, want three each of two", given)
	}
}

// TestSession: who has no token signs in instead, also after one has run out.
func TestSession(t *testing.T) {
	status := http.StatusUnauthorized
	c := crowd(t, 1, 1, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	if rec := do(t, c, "getMe"); rec.Op != "getMe" || rec.User != "shopper-0001@example.com" {
		t.Errorf("%+v", rec)
	}
	status = http.StatusOK
	if rec := do(t, c, "getMe"); rec.Op != "createSession" || rec.User != "shopper-0001@example.com" || rec.Outcome != history.OK {
		t.Errorf("after 401: %+v", rec)
	}
	if rec := do(t, c, "getMe"); rec.Op != "getMe" || rec.Outcome != history.OK {
		t.Errorf("signed in again: %+v", rec)
	}
}

// TestNewcomers: when everybody is busy somebody new comes; when nobody can, the arrival waits.
func TestNewcomers(t *testing.T) {
	busy, release := make(chan struct{}, 9), make(chan struct{})
	c := crowd(t, 1, 2, func(http.ResponseWriter, *http.Request) {
		busy <- struct{}{}
		<-release
	})
	clients := make(chan string, 9)
	turn := func() {
		rec, err := c.Turn(t.Context(), 0, func(*shopper.Shopper) (string, error) { return "listCategories", nil })
		if err != nil {
			t.Error(err)
		}
		clients <- rec.Client
	}
	var all sync.WaitGroup
	for range 3 { // the admin, the regular and a newcomer
		all.Go(turn)
	}
	for range 3 {
		<-busy
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Turn(ctx, 0, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a fourth: %v", err)
	}
	all.Go(turn) // waits, and is the second turn of somebody
	close(release)
	all.Wait()
	close(clients)
	turns := map[string]int{}
	for client := range clients {
		turns[client]++
	}
	if len(turns) != 3 {
		t.Errorf("four turns of %v, want three people", turns)
	}
}

// TestOperations: every operation can be done, and asks as the contract wants it; package load has the contract checked.
func TestOperations(t *testing.T) {
	asked := make(chan string, 1)
	c := crowd(t, 1, 1, func(w http.ResponseWriter, r *http.Request) {
		body := `{"id":"o1","state":"confirmed","shipment_id":"s1","version":3,"items":[{"id":"n1"}]}`
		_, _ = io.WriteString(w, body)
		asked <- r.Method + " " + r.URL.Path
	})
	for _, op := range []struct{ id, want string }{
		{"listProducts", "GET /products"},
		{"listCategories", "GET /categories"},
		{"searchProducts", "GET /search"},
		{"quoteShipping", "GET /shipping/quotes"},
		{"getRecommendations", "GET /recommendations"},
		{"getMe", "GET /users/me"},
		{"createUser", "POST /users"},
		{"getCart", "GET /cart"},
		{"clearCart", "DELETE /cart"},
		{"getWishlist", "GET /wishlist"},
		{"placeOrder", "POST /orders"},
		{"getOrder", "GET /orders/o1"},
		{"listOrders", "GET /orders"},
		{"listOrderEvents", "GET /orders/o1/events"},
		{"listPayments", "GET /payments"},
		{"getShipment", "GET /shipments/s1"},
		{"cancelOrder", "POST /orders/o1/cancel"},
		{"listNotifications", "GET /notifications"},
		{"readNotification", "POST /notifications/n1/read"},
	} {
		var rec history.Record
		for rec.Op != op.id { // the admin takes every other turn
			var err error
			rec, err = c.Turn(t.Context(), 7, func(s *shopper.Shopper) (string, error) {
				if s.Admin() {
					return "getStock", nil
				}
				return op.id, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := <-asked; rec.Op == op.id && got != op.want || rec.Outcome != history.OK || rec.Scheduled != 7 || rec.Stage != "2" {
				t.Errorf("%s asked %s, want %s: %+v", op.id, got, op.want, rec)
			}
		}
	}
	if _, err := c.Turn(t.Context(), 0, func(*shopper.Shopper) (string, error) { return "dance", nil }); !errors.Is(err, shopper.ErrOperation) {
		t.Errorf("dance: %v", err)
	}
}

// TestSameSeedSameWill: what a shopper wants is a function of the seed.
func TestSameSeedSameWill(t *testing.T) {
	wanted := func(seed uint64) (all []string) {
		c := shopper.NewCrowd(shopper.Config{URL: "http://127.0.0.1:1", Clients: "unit", Seed: seed, Products: 50, Most: 2, Regulars: 2, Timeout: time.Second, Clock: func() int64 { return 0 }})
		for range 12 {
			rec, err := c.Turn(t.Context(), 0, func(s *shopper.Shopper) (string, error) {
				all = append(all, fmt.Sprint(s.Roll()))
				return "getProduct", nil
			})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, rec.Client+rec.Product)
		}
		return all
	}
	if one, two := fmt.Sprint(wanted(1)), fmt.Sprint(wanted(1)); one != two || one == fmt.Sprint(wanted(2)) {
		t.Errorf("%s\n%s", one, two)
	}
}

// TestRejectedForStock: what cannot be had must leave the cart; a declined card is no reason.
func TestRejectedForStock(t *testing.T) {
	reason := shopapi.OutOfStock
	c := crowd(t, 1, 1, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"id":"o1","state":"rejected","reason":%q,"items":[]}`, reason)
	})
	stuck := func() (is bool) {
		_, _ = c.Turn(t.Context(), 0, func(s *shopper.Shopper) (string, error) { is = s.CartStuck(); return "getMe", nil })
		if !is {
			_, _ = c.Turn(t.Context(), 0, func(s *shopper.Shopper) (string, error) { is = s.CartStuck(); return "getMe", nil })
		}
		return is
	}
	if do(t, c, "placeOrder"); !stuck() {
		t.Error("out of stock, and the cart stays as it is")
	}
	if do(t, c, "clearCart"); stuck() {
		t.Error("an empty cart is stuck")
	}
	reason = shopapi.PaymentDeclined
	if do(t, c, "placeOrder"); stuck() {
		t.Error("a declined card, and the cart is to blame")
	}
}
