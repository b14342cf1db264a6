package monolith_test

import (
	"context"
	"figlab/api/shopapi"
	"figlab/internal/partner/carrier"
	"figlab/internal/partner/provider"
	"figlab/internal/process"
	"figlab/monolith"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	catalog "figlab/shop/catalog"
)

// BenchmarkCheckout puts one product into the cart and orders it, with four shoppers per processor: two requests over real sockets, the provider
// in the same process, SQLite.
func BenchmarkCheckout(b *testing.B) {
	d := process.Real("monolith", nil, io.Discard)
	d.Log = slog.New(slog.DiscardHandler)
	p, err := provider.New(provider.Config{Listen: "127.0.0.1:0", Data: b.TempDir()}, d)
	if err != nil {
		b.Fatal(err)
	}
	c, err := carrier.New(carrier.Config{Listen: "127.0.0.1:0", Data: b.TempDir(), DeliverAfter: time.Hour}, d)
	if err != nil {
		b.Fatal(err)
	}
	m, err := monolith.New(b.Context(), monolith.Config{
		Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Data: b.TempDir(), Store: "sqlite", DispatchDelay: time.Hour,
		Provider: "http://" + p.Addr(), Carrier: "http://" + c.Addr(), Seed: monolith.Seed{Products: 1000, Users: 20, Seed: 1},
	}, d)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() {
		done <- process.Run(ctx, 8*time.Second,
			process.Part{Name: "provider", Run: p.Run}, process.Part{Name: "carrier", Run: c.Run}, process.Part{Name: "shop", Run: m.Run})
	}()
	all := make(chan *shopper, 8)
	for n := range cap(all) {
		s := &shopper{t: b, url: "http://" + m.Addr(), client: &http.Client{Transport: d.Transport()}}
		s.signIn(fmt.Sprintf("shopper-%04d@example.com", n+1), "figlab-shopper")
		s.keys = n * 1_000_000
		all <- s
	}
	var confirmed atomic.Int64
	b.SetParallelism(4)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		s := <-all
		for pb.Next() {
			product := string(catalog.SeedID(1, (s.keys/1_000_000*50+s.keys%50)%1000))
			s.must("PUT", "/cart/items/"+product, shopapi.CartItemQuantity{Quantity: 1}, nil)
			var o shopapi.Order
			if s.must("POST", "/orders", order(), &o); o.State == shopapi.OrderStateConfirmed {
				confirmed.Add(1)
			}
		}
		all <- s
	})
	b.StopTimer()
	b.ReportMetric(float64(confirmed.Load())/b.Elapsed().Seconds(), "orders/s")
	cancel()
	if err := <-done; err != nil {
		b.Error(err)
	}
}
