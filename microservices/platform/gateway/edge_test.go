package gateway

import (
	"figlab/api/contract"
	"figlab/api/token"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
)

// newContract is a server of the whole contract, without anything behind it.
func newContract(t *testing.T, s *stand) (address string) {
	t.Helper()
	e, err := contract.New(contract.Options{
		Name: "service", Log: slog.New(slog.DiscardHandler), NewID: func() string { return "request-0001" },
		Verify: token.NewVerifier(s.issuer, time.Now),
	})
	if err != nil {
		t.Fatal(err)
	}
	all, err := contract.Operations()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range all {
		e.Add(o.Method, strings.NewReplacer("{", ":", "}", "").Replace(o.Path), func(c echo.Context) error { return c.JSON(200, o.ID) })
	}
	address = serve(t, e.ServeHTTP)
	for _, o := range all {
		s.register(o.Capability, address)
	}
	return address
}

// TestLikeTheServices: whatever is wrong with a request, the gateway says of it what the services say, whoever of the two finds it.
func TestLikeTheServices(t *testing.T) {
	s := newStand(t, 0)
	direct := "http://" + newContract(t, s)
	same := func(method, path, body string, header ...string) {
		t.Helper()
		if t.Failed() {
			return // one example tells more than hundreds
		}
		want, got := ask1(t, method, direct+path, reader(body), header...), s.ask(t, method, path, reader(body), header...)
		for _, name := range []string{"Allow", "WWW-Authenticate", contract.NotExecuted, "Content-Type"} {
			if got.header.Get(name) != want.header.Get(name) {
				t.Errorf("%s %s %q: %s %q, want %q", method, path, header, name, got.header.Get(name), want.header.Get(name))
			}
		}
		if got.status != want.status || got.code() != want.code() || got.header.Get(contract.RequestID) == "" {
			t.Errorf("%s %s %q: %d %s, want %d %s", method, path, header, got.status, got.body, want.status, want.body)
		}
	}
	tokens := map[string]string{
		"none": "", "good": s.signed(t, product), "garbage": "Bearer a.b.c", "empty": "Bearer ", "basic": "Basic " + s.signed(t, product)[7:],
		"lower": "bearer " + s.signed(t, product)[7:], "no scheme": s.signed(t, product)[7:], "long": "Bearer " + strings.Repeat("a", token.MaxLength+1),
	}
	large := `{"a":"` + strings.Repeat("x", maxBody) + `"}`
	bodies := []struct{ body, media string }{
		{"", "application/json"},
		{"", ""},
		{`{`, "application/json"},
		{`{}`, "text/plain"},
		{`{}`, "application/json; charset=utf-8"},
		{`{}`, "application/;"},
		{large, "application/json"},
		{large, "text/plain"},
	}
	for _, o := range operations(t) {
		if o.ID == "getProductView" {
			continue // answered here
		}
		path := strings.NewReplacer("{id}", product, "{product_id}", product).Replace(o.Path)
		for _, method := range []string{http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodDelete, "BREW"} {
			same(method, path, "")
		}
		for _, authorization := range tokens {
			same(o.Method, path, `{}`, "Content-Type", "application/json", "Authorization", authorization)
		}
		for _, b := range bodies {
			if len(b.body) > maxBody && !o.Body {
				continue // it is not looked at here
			}
			same(o.Method, path, b.body, "Content-Type", b.media, "Authorization", tokens["good"])
		}
	}
	for _, path := range []string{
		"/", "/nothing", "/orders/x/y/z", "/products/", "//products", "/products//", "/%70roducts", "/products%2F" + product, "/products/a%2Fb",
		"/products/%FF", "/products/%00", "/products?category=%FF", "/products?category=%00", "/products?a;b", "/products?limit=%zz",
		"/products?limit=201", "/products/" + product + "/", "/internal/cart", "/cart/items/" + product, "/search",
	} {
		same("GET", path, "")
	}
	same("GET", "/cart/items/"+product, "", "Authorization", tokens["garbage"])
}

// reader hides how long a large body is, so that both ways of telling are tried.
func reader(body string) io.Reader {
	if len(body) > maxBody {
		return struct{ io.Reader }{strings.NewReader(body)}
	}
	return strings.NewReader(body)
}

func operations(t *testing.T) []contract.Operation {
	t.Helper()
	all, err := contract.Operations()
	if err != nil || len(all) < 30 {
		t.Fatalf("%d operations: %v", len(all), err)
	}
	return all
}

// TestBody: what the contract allows arrives whole, what is larger is not sent on, whether or not the caller says how large it is.
func TestBody(t *testing.T) {
	s := newStand(t, 0)
	f := s.fake(t, "user", nil)
	for _, n := range []int{0, 1, maxBody, maxBody + 1, 3 * maxBody} {
		for _, open := range []bool{false, true} {
			body := strings.Repeat("x", n)
			var from io.Reader = strings.NewReader(body)
			if open {
				from = struct{ io.Reader }{from}
			}
			before := f.count()
			a := s.ask(t, "POST", "/users", from, "Content-Type", "application/json")
			switch sent := f.count() - before; {
			case n > maxBody && (a.status != 413 || a.code() != "too-large" || sent != 0):
				t.Errorf("%d bytes, open %t: %d %s, sent %d times", n, open, a.status, a.body, sent)
			case n <= maxBody && (a.status != 200 || sent != 1 || f.said[before] != body || n > 0 && f.last(t).ContentLength != int64(n)):
				t.Errorf("%d bytes, open %t: %d %s, sent %d times", n, open, a.status, a.body, sent)
			}
		}
	}
	s.fake(t, "catalog", nil)
	s.ask(t, "POST", "/users", strings.NewReader("{}"), "Content-Type", "application/json", "Expect", "100-continue")
	if got := f.last(t).Header.Get("Expect"); got != "" {
		t.Errorf("the service was told to expect %q", got)
	}
}

// TestTokens: a bad token is refused where one is looked at, and ignored elsewhere; a good one is passed on.
func TestTokens(t *testing.T) {
	s := newStand(t, 0)
	cart, catalog := s.fake(t, "cart", nil), s.fake(t, "catalog", nil)
	for _, bad := range []string{"", "Bearer ", "Bearer a.b.c", "Basic x"} {
		a := s.ask(t, "GET", "/cart", nil, "Authorization", bad, contract.RequestID, "request-0001")
		if a.status != 401 || a.code() != "unauthenticated" || a.header.Get("WWW-Authenticate") != "Bearer" ||
			a.header.Get(contract.ServedBy) != "gateway" || a.header.Get(contract.RequestID) != "request-0001" {
			t.Errorf("%q: %+v", bad, a)
		}
	}
	if cart.count() > 0 {
		t.Error("the service was asked by nobody")
	}
	if a := s.ask(t, "GET", "/products", nil, "Authorization", "Bearer a.b.c"); a.status != 200 || catalog.count() != 1 {
		t.Errorf("where no token is looked at: %d %s", a.status, a.body)
	}
	good := s.signed(t, "ada")
	if a := s.ask(t, "GET", "/cart", nil, "Authorization", good); a.status != 200 || cart.last(t).Header.Get("Authorization") != good {
		t.Errorf("a good one: %d %s", a.status, a.body)
	}
}

// TestNoKeys: a token that cannot be verified here is the service's to verify; none is none.
func TestNoKeys(t *testing.T) {
	s := newStand(t, 0)
	f := s.fake(t, "cart", nil)
	s.keys.Store(&errAway)
	good := s.signed(t, "ada")
	if a := s.ask(t, "GET", "/cart", nil, "Authorization", good); a.status != 200 || f.last(t).Header.Get("Authorization") != good {
		t.Errorf("without keys: %d %s", a.status, a.body)
	}
	for _, bad := range []string{"", "Basic x", "Bearer a.b.c"} {
		if a := s.ask(t, "GET", "/cart", nil, "Authorization", bad); a.status != 401 {
			t.Errorf("%q without keys: %d %s", bad, a.status, a.body)
		}
	}
}

// TestLimit: a client has a budget of its own, by the user of its token or else by its address, and is told when to come again.
func TestLimit(t *testing.T) {
	const burst = 8
	s := newStand(t, burst/2)
	f := s.fake(t, "cart", nil)
	s.fake(t, "catalog", nil)
	ada, bob := s.signed(t, "ada"), s.signed(t, "bob")
	spend := func(path, authorization string, want int) {
		t.Helper()
		for i := range burst {
			if a := s.ask(t, "GET", path, nil, "Authorization", authorization); a.status != want {
				t.Fatalf("request %d to %s: %d %s", i, path, a.status, a.body)
			}
		}
	}
	refused := func(path, authorization string) {
		t.Helper()
		before := f.count()
		a := s.ask(t, "GET", path, nil, "Authorization", authorization)
		if a.status != 429 || a.code() != "too-many-requests" || a.header.Get("Retry-After") != "1" ||
			a.header.Get(contract.NotExecuted) != "1" || a.header.Get(contract.ServedBy) != "gateway" || f.count() != before {
			t.Errorf("%s: %+v", path, a)
		}
	}
	spend("/cart", ada, 200)
	refused("/cart", ada)
	spend("/cart", bob, 200)
	spend("/products", ada, 200) // no token is looked at there: it is the address that asks
	refused("/products", bob)
	refused("/cart", "Bearer a.b.c")
	s.clock.Add(int64(3 * time.Second))
	spend("/cart", "Bearer a.b.c", 401)
	refused("/products", "")
	spend("/cart", ada, 200)
}

// TestAnyRate: without a rate nobody is limited.
func TestAnyRate(t *testing.T) {
	s := newStand(t, 0)
	s.fake(t, "catalog", nil)
	for range 50 {
		if a := s.ask(t, "GET", "/products", nil); a.status != 200 {
			t.Fatal(fmt.Sprint(a))
		}
	}
}
