package contract_test

import (
	"crypto/ed25519"
	"figlab/api/contract"
	"figlab/api/token"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
)

const product = "01900000-0000-7000-8000-0000000000ab"

// BenchmarkGet measures what the contract costs a read: nothing but the middleware runs.
func BenchmarkGet(b *testing.B) {
	issuer := token.NewIssuer(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	e, err := contract.New(contract.Options{
		Name: "bench", Log: slog.New(slog.DiscardHandler), NewID: func() string { return "request-0001" },
		Verify: token.NewVerifier(issuer, time.Now),
	})
	if err != nil {
		b.Fatal(err)
	}
	nothing := func(c echo.Context) error { return c.NoContent(http.StatusOK) }
	e.GET("/products/:id", nothing)
	e.GET("/products", nothing)
	e.GET("/cart", nothing)
	signed, err := issuer.Issue(token.Claims{User: product, Email: "ada@example.org", Role: "customer"}, time.Now(), time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	for name, path := range map[string]string{
		"product": "/products/" + product, "page": "/products?limit=20&category=books", "cart": "/cart",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(http.MethodGet, path, nil)
				r.Header.Set("Authorization", "Bearer "+signed)
				w := httptest.NewRecorder()
				if e.ServeHTTP(w, r); w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}
