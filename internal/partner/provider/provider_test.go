package provider_test

import (
	"context"
	"figlab/api/internalapi"
	"figlab/internal/partner/provider"
	"figlab/internal/process"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// start runs a provider on a folder until the test ends or stop is called.
func start(t *testing.T, data string) (api *internalapi.ClientWithResponses, stop func()) {
	t.Helper()
	deps := process.Real("provider", nil, t.Output())
	deps.Log = slog.New(slog.DiscardHandler)
	p, err := provider.New(provider.Config{Listen: "127.0.0.1:0", Data: data}, deps)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("did not end cleanly: %v", err)
		}
	})
	t.Cleanup(stop)
	if api, err = internalapi.NewClientWithResponses("http://" + p.Addr()); err != nil {
		t.Fatal(err)
	}
	return api, stop
}

func charge(t *testing.T, api *internalapi.ClientWithResponses, key string, amount int64, card string) *internalapi.ChargeResponse {
	t.Helper()
	r, err := api.ChargeWithResponse(t.Context(), internalapi.ChargeRequest{Key: key, Amount: amount, Currency: "EUR", Token: card})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func refund(t *testing.T, api *internalapi.ClientWithResponses, key, of string, amount int64) *internalapi.RefundResponse {
	t.Helper()
	r, err := api.RefundWithResponse(t.Context(), internalapi.RefundRequest{Key: key, ChargeKey: of, Amount: amount, Currency: "EUR"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func ledger(t *testing.T, api *internalapi.ClientWithResponses) internalapi.ProviderLedger {
	t.Helper()
	r, err := api.ReadProviderLedgerWithResponse(t.Context())
	if err != nil || r.JSON200 == nil {
		t.Fatalf("ledger: %v", err)
	}
	return *r.JSON200
}

// TestOneKeyOneCharge asks sixteen times at once under one key.
func TestOneKeyOneCharge(t *testing.T) {
	api, _ := start(t, t.TempDir())
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if r := charge(t, api, "once", 500, "tok_ok"); r.JSON200 == nil || r.JSON200.State != internalapi.Captured || r.JSON200.Sequence != 1 {
				t.Errorf("%s: %s", r.Status(), r.Body)
			}
		})
	}
	all.Wait()
	l := ledger(t, api)
	if len(l.Entries) != 1 || l.Entries[0].Requests != 16 || l.Requests != 16 || l.Replays != 15 {
		t.Errorf("%+v", l)
	}
}

func TestKeyBelongsToItsRequest(t *testing.T) {
	api, _ := start(t, t.TempDir())
	charge(t, api, "first", 500, "tok_ok")
	charge(t, api, "second", 500, "tok_ok")
	refund(t, api, "back", "first", 100)
	for what, r := range map[string]interface {
		StatusCode() int
	}{
		"another amount":             charge(t, api, "first", 501, "tok_ok"),
		"another card":               charge(t, api, "first", 500, "tok_other"),
		"a refund under a charge":    refund(t, api, "first", "first", 500),
		"a charge under a refund":    charge(t, api, "back", 100, "tok_ok"),
		"a refund of another charge": refund(t, api, "back", "second", 100),
		"a refund of another amount": refund(t, api, "back", "first", 101),
	} {
		if r.StatusCode() != http.StatusConflict {
			t.Errorf("%s answered %d", what, r.StatusCode())
		}
	}
	if l := ledger(t, api); len(l.Entries) != 3 || l.Replays != 0 {
		t.Errorf("%+v", l)
	}
}

func TestRefunds(t *testing.T) {
	api, _ := start(t, t.TempDir())
	charge(t, api, "paid", 1000, "tok_ok")
	if r := charge(t, api, "refused", 1000, "tok_declined"); r.JSON200 == nil || r.JSON200.State != internalapi.Declined {
		t.Errorf("a declined card: %s", r.Body)
	}
	for _, c := range []struct {
		key, of string
		amount  int64
		status  int
	}{
		{"r1", "paid", 700, http.StatusOK},
		{"r2", "paid", 301, http.StatusConflict},
		{"r1", "paid", 700, http.StatusOK},
		{"r3", "paid", 300, http.StatusOK},
		{"r4", "paid", 1, http.StatusConflict},
		{"r5", "refused", 1, http.StatusNotFound},
		{"r6", "nothing", 1, http.StatusNotFound},
		{"r7", "r1", 1, http.StatusNotFound},
	} {
		if r := refund(t, api, c.key, c.of, c.amount); r.StatusCode() != c.status {
			t.Errorf("refund %s of %d from %s answered %d, want %d", c.key, c.amount, c.of, r.StatusCode(), c.status)
		}
	}
	if l := ledger(t, api); len(l.Entries) != 4 || l.Replays != 1 {
		t.Errorf("%+v", l)
	}
}

// TestRestart: a provider that comes back knows every key, what it took and what went back.
func TestRestart(t *testing.T) {
	data := t.TempDir()
	api, stop := start(t, data)
	charge(t, api, "paid", 1000, "tok_ok")
	refund(t, api, "back", "paid", 600)
	before := ledger(t, api).Entries
	stop()
	api, _ = start(t, data)
	if r := charge(t, api, "paid", 1000, "tok_ok"); r.JSON200 == nil || r.JSON200.Sequence != 1 {
		t.Errorf("%s: %s", r.Status(), r.Body)
	}
	if r := charge(t, api, "paid", 1000, "tok_other"); r.StatusCode() != http.StatusConflict {
		t.Errorf("another card under a key from before the restart: %s", r.Status())
	}
	if r := refund(t, api, "more", "paid", 401); r.StatusCode() != http.StatusConflict {
		t.Errorf("more than what is left: %s", r.Status())
	}
	if after := ledger(t, api).Entries; len(after) != len(before) || after[1].Key != "back" || *after[1].ChargeKey != "paid" {
		t.Errorf("%+v, before the restart %+v", after, before)
	}
}

func TestContractIsKept(t *testing.T) {
	api, _ := start(t, t.TempDir())
	for body, status := range map[string]int{
		`{"key":"k","amount":0,"currency":"EUR","token":"tok_ok"}`:             http.StatusBadRequest,
		`{"key":"k","amount":1,"currency":"EUR"}`:                              http.StatusBadRequest,
		`{"key":"k","amount":1,"currency":"EUR","token":"tok_ok","more":1}`:    http.StatusBadRequest,
		`{"key":"` + strings.Repeat("k", 70<<10) + `","amount":1,"token":"t"}`: http.StatusRequestEntityTooLarge,
	} {
		r, err := api.ChargeWithBodyWithResponse(t.Context(), "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if r.StatusCode() != status || r.ApplicationproblemJSONDefault == nil {
			t.Errorf("%.60s answered %s, want %d and a problem document", body, r.Status(), status)
		}
	}
	if l := ledger(t, api); len(l.Entries) != 0 {
		t.Errorf("%+v", l)
	}
}
