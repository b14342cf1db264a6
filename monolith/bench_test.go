package monolith_test

import (
	"context"
	"figlab/internal/process"
	"figlab/monolith"
	"io"
	"log/slog"
	"net/http"
	"testing"

	catalog "figlab/shop/catalog"
)

// BenchmarkGetProduct asks for products of the default catalog over a real socket.
func BenchmarkGetProduct(b *testing.B) {
	d := process.Real("monolith", nil, io.Discard)
	d.Log = slog.New(slog.DiscardHandler)
	m, err := monolith.New(b.Context(), monolith.Config{
		Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Data: b.TempDir(), Store: "sqlite",
		Provider: "http://127.0.0.1:1", Carrier: "http://127.0.0.1:1", Seed: monolith.Seed{Products: 10_000, Users: 1, Seed: 1},
	}, d)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	client := &http.Client{Transport: d.Transport()}
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			resp, err := client.Get("http://" + m.Addr() + "/products/" + string(catalog.SeedID(1, i%10_000)))
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				b.Error(resp.Status)
				return
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
	cancel()
	if err := <-done; err != nil {
		b.Error(err)
	}
}
