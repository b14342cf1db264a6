package lab

import (
	"context"
	"errors"
	"figlab/internal/process"
	"figlab/internal/topology"
	"figlab/scenarios"
	"io"
	"math"
	"strings"
	"testing"
	"time"
)

// TestBill: in the house of services every part of a checkout costs something, whole processes included, and the parts are about what the
// kernel saw the processes use.
func TestBill(t *testing.T) {
	at, err := topology.Scaled("14", nil)
	if err != nil {
		t.Fatal(err)
	}
	s := openTestShop(t, at, "sqlite")
	if err := s.settleAt(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	w := &walk{
		scenario: scenarios.Scenario{Phases: scenarios.Phases{Compare: time.Second}}, options: Options{Shop: s.options}, shop: s, out: io.Discard,
	}
	orders, err := w.customers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var price float64
	used, err := w.during(func() (err error) {
		price, err = w.perCheckout(t.Context(), orders, 0)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	total := 0.0
	for _, l := range w.run.Bill {
		t.Logf("%-22s %6.2f ms %5.1f %%", l.Part, l.CPUMillis, 100*l.Share)
		total += l.CPUMillis
		if l.CPUMillis <= 0 && l.Part != telemetry && l.Part != crypto {
			t.Errorf("%s costs %g ms", l.Part, l.CPUMillis)
		}
	}
	n := float64(billedTimes * orderRate)
	t.Logf("%.2f ms a checkout in all; the kernel saw %.2f ms, signing in and writing profiles included", total, milliseconds(used)/n)
	if len(w.run.Bill) != len(profiledParts())+2 || total > milliseconds(used)/n || total < 0.4*milliseconds(used)/n {
		t.Errorf("%d parts of %.2f ms", len(w.run.Bill), total)
	}
	if math.Abs(price-total) > 0.01 {
		t.Errorf("a checkout costs %.2f ms, its parts are %.2f ms", price, total)
	}

	gone := errors.New("nobody orders")
	start := time.Now()
	if _, err := s.profiles(t.Context(), 20*time.Second, func(context.Context) error { return gone }); !errors.Is(err, gone) {
		t.Errorf("what was to be profiled failed, and it says %v", err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %s to give up", took)
	}
	s.doors.token = "wrong"
	_, err = s.profiles(t.Context(), time.Second, func(ctx context.Context) error { return process.Pause(ctx, 20*time.Second) })
	if err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("nobody was let in, and it says %v", err)
	}
}
