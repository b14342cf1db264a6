package route

import (
	"encoding/base64"
	"errors"
	"figlab/strangler/platform/plan"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// some plans that move the catalog, and cover the rest of the contract by staying.
func someRouter(t *testing.T, dir string) *Router {
	t.Helper()
	r, err := New(somePlans(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func somePlans() []plan.Plan {
	stay := func(capability, reads, writes string) plan.Plan {
		return plan.Plan{Capability: capability, Reads: strings.Fields(reads), Writes: strings.Fields(writes)}
	}
	plans := []plan.Plan{
		stay("catalog", "getProduct listProducts listCategories", "createProduct updateProduct"),
		stay("user", "getMe getJWKS", "createUser createSession updateMe"),
		stay("search", "searchProducts", ""), stay("recommendation", "getRecommendations", ""),
		stay("cart", "getCart", "clearCart putCartItem removeCartItem"),
		stay("wishlist", "getWishlist", "putWishlistItem removeWishlistItem moveWishlistItemToCart"),
		stay("ordertaking", "listOrders getOrder", "placeOrder"), stay("orderprocessing", "listOrderEvents", "cancelOrder"),
		stay("payment", "listPayments", "refundPayment"), stay("logistics", "quoteShipping getShipment", ""),
		stay("warehouse", "getStock getProductView", "restock"), stay("notification", "listNotifications", "readNotification"),
	}
	plans[0].Shift = &plan.Shift{Steps: []int{plan.Whole}, Timeout: time.Second, Fallback: "monolith"}
	return plans
}

func request(method, path, user, force string) *http.Request {
	r := httptest.NewRequest(method, path, nil)
	if user != "" {
		claims := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"` + user + `"}`))
		r.Header.Set("Authorization", "Bearer head."+claims+".signature")
	}
	if force != "" {
		r.Header.Set(Header, force)
	}
	return r
}

func TestFind(t *testing.T) {
	r := someRouter(t, t.TempDir())
	for _, c := range []struct{ method, path, want string }{
		{"GET", "/products", "listProducts"},
		{"GET", "/products/1", "getProduct"},
		{"PATCH", "/products/1", "updateProduct"},
		{"POST", "/wishlist/items/1/move-to-cart", "moveWishlistItemToCart"},
		{"GET", "/.well-known/jwks.json", "getJWKS"},
		{"GET", "/users/me", "getMe"},
		{"GET", "/products/", ""},
		{"GET", "//products", ""},
		{"GET", "/products/1/2", ""},
		{"DELETE", "/products/1", ""},
		{"GET", "/", ""},
		{"OPTIONS", "*", ""},
	} {
		got := ""
		if o := r.match.find(c.method, c.path); o != nil {
			got = o.ID
		}
		if got != c.want {
			t.Errorf("%s %s is %q, want %q", c.method, c.path, got, c.want)
		}
	}
}

// TestWay: writes and what has no shift stay with the monolith whatever the weight or the caller says.
func TestWay(t *testing.T) {
	r := someRouter(t, t.TempDir())
	for _, c := range []struct {
		weight              int
		method, path, force string
		want                House
	}{
		{0, "GET", "/products", "", Monolith},
		{plan.Whole, "GET", "/products", "", Service},
		{plan.Whole, "GET", "/products", "monolith", Monolith},
		{0, "GET", "/products", "service", Service},
		{0, "GET", "/products", "nonsense", Monolith},
		{plan.Whole, "POST", "/products", "service", Monolith},
		{plan.Whole, "GET", "/search", "service", Monolith},
		{plan.Whole, "GET", "/nowhere", "service", Monolith},
	} {
		if _, err := r.Shift("catalog", c.weight, r.Table().Version); err != nil {
			t.Fatal(err)
		}
		if got := r.Way(request(c.method, c.path, "", c.force)); got.House != c.want {
			t.Errorf("weight %d, %s %s, %q: %s, want %s", c.weight, c.method, c.path, c.force, got.House, c.want)
		}
	}
}

// TestCohortsAreMonotone: who is moved by a share stays moved by every greater one, and a share moves about as many users as it says.
func TestCohortsAreMonotone(t *testing.T) {
	const users = 20_000
	r := someRouter(t, t.TempDir())
	moved := map[string]bool{}
	for _, weight := range []int{1, 100, 2500, 5000, 9999, plan.Whole} {
		if _, err := r.Shift("catalog", weight, r.Table().Version); err != nil {
			t.Fatal(err)
		}
		n := 0
		for i := range users {
			user := fmt.Sprint("user-", i)
			at := r.Way(request("GET", "/products", user, "")).House == Service
			if moved[user] && !at {
				t.Fatalf("%s came back at %d", user, weight)
			}
			if moved[user] = at; at {
				n++
			}
		}
		if want := users * weight / plan.Whole; n < want-want/10-20 || n > want+want/10+20 {
			t.Errorf("weight %d moves %d of %d users, want about %d", weight, n, users, want)
		}
	}
	if cohort("catalog", "somebody") == cohort("search", "somebody") && cohort("catalog", "another") == cohort("search", "another") {
		t.Error("every capability takes the same users first")
	}
}

// TestShiftIsCompareAndSet: of many who change the same version, one succeeds.
func TestShiftIsCompareAndSet(t *testing.T) {
	dir := t.TempDir()
	r := someRouter(t, dir)
	var wins, stale int
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			_, err := r.Shift("catalog", i+1, 0)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				wins++
			case errors.Is(err, ErrStale):
				stale++
			}
		})
	}
	all.Wait()
	if wins != 1 || stale != 15 {
		t.Errorf("%d changes succeeded and %d were stale, want 1 and 15", wins, stale)
	}
	if again := someRouter(t, dir).Table(); again.Version != 1 || again.Weights["catalog"] != r.Table().Weights["catalog"] {
		t.Errorf("after a restart the table is %+v, not %+v", again, r.Table())
	}
}

func TestShiftRefuses(t *testing.T) {
	r := someRouter(t, t.TempDir())
	if _, err := r.Shift("cart", 1, 0); !errors.Is(err, ErrUnplanned) {
		t.Errorf("cart: %v", err)
	}
	for _, w := range []int{-1, plan.Whole + 1} {
		if _, err := r.Shift("catalog", w, 0); !errors.Is(err, ErrWeight) {
			t.Errorf("weight %d: %v", w, err)
		}
	}
	if v := r.Table().Version; v != 0 {
		t.Errorf("refused changes made version %d", v)
	}
}

func TestTableThatCannotBeUsed(t *testing.T) {
	for name, content := range map[string]string{
		"torn": `{"version":`, "stranger": `{"version":1,"weights":{"moon":5}}`, "too much": `{"version":1,"weights":{"catalog":10001}}`,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "routes.json"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := New(somePlans(), dir); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzUserOf(f *testing.F) {
	f.Add("Bearer a.b.c")
	f.Add("Bearer ..")
	f.Fuzz(func(t *testing.T, authorization string) {
		r := httptest.NewRequest(http.MethodGet, "/products", nil)
		r.Header["Authorization"] = []string{authorization}
		if userOf(r) == "" {
			t.Error("nobody")
		}
	})
}

func BenchmarkWay(b *testing.B) {
	r, err := New(somePlans(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	if _, err := r.Shift("catalog", plan.Whole/2, 0); err != nil {
		b.Fatal(err)
	}
	req := request("GET", "/products/1", "user-1", "")
	b.ReportAllocs()
	for b.Loop() {
		r.Way(req)
	}
}
