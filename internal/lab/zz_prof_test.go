package lab

import (
	"context"
	"figlab/internal/process"
	"figlab/internal/topology"
	"figlab/scenarios"
	"io"
	"os"
	"testing"
	"time"
)

func TestZZProf(t *testing.T) {
	at, err := topology.Scaled("14", nil)
	if err != nil {
		t.Fatal(err)
	}
	s := openTestShop(t, at, "sqlite")
	if err := s.settleAt(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	w := &walk{
		scenario: scenarios.Scenario{Phases: scenarios.Phases{Compare: 8 * time.Second}}, options: Options{Shop: s.options}, shop: s, out: io.Discard,
	}
	idle, err := w.each(func() error { return process.Pause(t.Context(), 5*time.Second) })
	if err != nil {
		t.Fatal(err)
	}
	for n, d := range idle {
		t.Logf("idle %-20s %6.2f ms/s", n, milliseconds(d)/5)
	}
	orders, err := w.customers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	os.MkdirAll("/tmp/prof", 0o755)
	var used map[string]time.Duration
	n := 0
	taken, err := s.profiles(t.Context(), 13*time.Second, func(ctx context.Context) (err error) {
		used, err = w.each(func() error {
			took, err := orders.Run(ctx)
			n = len(took)
			if err != nil {
				return err
			}
			return process.Pause(ctx, 4*time.Second)
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	total := 0.0
	for name, d := range used {
		t.Logf("%-20s %6.2f ms per checkout", name, milliseconds(d)/float64(n))
		total += milliseconds(d) / float64(n)
		if p := taken[name]; p != nil {
			f, _ := os.Create("/tmp/prof/" + name + ".pb.gz")
			p.Write(f)
			f.Close()
		}
	}
	t.Logf("total %.2f", total)
	if err := w.confirmations(t.Context(), orders); err != nil {
		t.Fatal(err)
	}
	for _, c := range w.run.Comparison {
		t.Log(c)
	}
}
