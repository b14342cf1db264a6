package load_test

import (
	"context"
	"figlab/api/contract"
	"figlab/api/shopapi"
	"figlab/api/token"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
)

// A fakeShop answers all operations of the contract, and refuses every request that breaks it. It is a function of what a shopper asks, not
// of time: the same questions get the same answers.
type fakeShop struct {
	url string

	mu     sync.Mutex
	carts  map[string]shopapi.Cart
	orders map[string]*shopapi.Order
	byKey  map[string]string
	polls  map[string]int
	asked  int
	placed int

	before func(op string, n int) // called ahead of request n, counted from 1
	cut    func(op string, n int) bool
}

func newShop(t *testing.T) *fakeShop {
	t.Helper()
	s := &fakeShop{
		carts: map[string]shopapi.Cart{}, orders: map[string]*shopapi.Order{}, byKey: map[string]string{}, polls: map[string]int{},
		before: func(string, int) {}, cut: func(string, int) bool { return false },
	}
	ids := 0
	e, err := contract.New(contract.Options{
		Name: "fake", Log: slog.New(slog.DiscardHandler), Verify: s,
		NewID: func() string { s.mu.Lock(); defer s.mu.Unlock(); ids++; return fmt.Sprintf("request-%06d", ids) },
	})
	if err != nil {
		t.Fatal(err)
	}
	all, err := contract.Operations()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range all {
		path := strings.NewReplacer("{", ":", "}", "").Replace(o.Path)
		e.Add(o.Method, path, func(c echo.Context) error { return s.serve(c, o.ID) })
	}
	srv := httptest.NewServer(e)
	t.Cleanup(srv.CloseClientConnections)
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

// Verify takes the token for the name.
func (s *fakeShop) Verify(_ context.Context, signed string) (token.Claims, error) {
	return token.Claims{User: signed, Email: signed}, nil
}

func (s *fakeShop) serve(c echo.Context, op string) error {
	s.mu.Lock()
	s.asked++
	n := s.asked
	s.mu.Unlock()
	s.before(op, n)
	user := strings.TrimPrefix(c.Request().Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	status, answer := s.answer(c, op, user)
	s.mu.Unlock()
	if s.cut(op, n) {
		conn, _, err := http.NewResponseController(c.Response().Writer).Hijack()
		if err != nil {
			return err
		}
		return conn.Close()
	}
	return c.JSON(status, answer)
}

func (s *fakeShop) answer(c echo.Context, op, user string) (int, any) {
	switch op {
	case "createSession":
		var v shopapi.Credentials
		_ = c.Bind(&v)
		return http.StatusCreated, shopapi.Session{Token: v.Email, TokenType: shopapi.Bearer}
	case "createUser":
		return http.StatusCreated, shopapi.User{}
	case "putCartItem", "moveWishlistItemToCart":
		cart := s.carts[user]
		cart.Items = append(cart.Items, shopapi.CartItem{ProductId: c.Param("product_id"), Quantity: 1})
		cart.Version++
		s.carts[user] = cart
		return http.StatusOK, cart
	case "getCart":
		return http.StatusOK, s.carts[user]
	case "placeOrder":
		return s.place(c, user)
	case "getOrder", "cancelOrder":
		o := s.orders[c.Param("id")]
		if s.polls[o.Id]++; s.polls[o.Id] > 2 {
			o.State = shopapi.OrderStateDelivered
		}
		return http.StatusOK, o
	}
	return http.StatusOK, map[string]any{"items": []any{}}
}

func (s *fakeShop) place(c echo.Context, user string) (int, any) {
	key := user + " " + c.Request().Header.Get("Idempotency-Key")
	if id, ok := s.byKey[key]; ok {
		c.Response().Header().Set("Idempotent-Replayed", "true")
		return http.StatusCreated, s.orders[id]
	}
	s.placed++
	o := &shopapi.Order{Id: fmt.Sprintf("00000000-0000-7000-8000-%012d", s.placed), State: shopapi.OrderStateConfirmed, Version: 1}
	for _, i := range s.carts[user].Items {
		o.Lines = append(o.Lines, shopapi.OrderLine{ProductId: i.ProductId, Quantity: i.Quantity})
	}
	s.orders[o.Id], s.byKey[key], s.carts[user] = o, o.Id, shopapi.Cart{}
	return http.StatusCreated, o
}

// stall makes requests n to m wait together for d, once.
func (s *fakeShop) stall(n int, d time.Duration) {
	var once sync.Once
	var until time.Time
	s.before = func(_ string, i int) {
		if i < n {
			return
		}
		once.Do(func() { until = time.Now().Add(d) })
		time.Sleep(time.Until(until))
	}
}
