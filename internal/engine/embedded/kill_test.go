package embedded_test

import (
	"bytes"
	"context"
	"encoding/json"
	"figlab/api/shopapi"
	"figlab/internal/engine/embedded"
	"figlab/internal/history"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	catalog "figlab/shop/catalog"
)

// figshop builds the binary once per test.
func figshop(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "figshop")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", path, "figlab/cmd/figshop")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build figshop: %v\n%s", err, out)
	}
	return path
}

func start(t *testing.T, e *embedded.Engine, role string, args ...string) *embedded.Process {
	t.Helper()
	p, err := e.Start(t.Context(), embedded.Spec{
		Name: role, Role: role, Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Args: args, Env: []string{"FIGLAB_ADMIN_TOKEN=test"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestKillNineInMidCheckout kills the monolith ten times while shoppers check out. Every order that was acknowledged is there once, every
// other is there once or not at all, and the provider's ledger agrees with the shop's to the cent.
func TestKillNineInMidCheckout(t *testing.T) {
	e, err := embedded.New(figshop(t), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	provider, carrier := start(t, e, "provider"), start(t, e, "carrier", "--deliver-after", "100ms")
	shop := start(t, e, "monolith", "--products", "200", "--users", "20", "--dispatch-delay", "100ms",
		"--provider", "http://"+provider.Address(), "--carrier", "http://"+carrier.Address())

	ctx, stop := context.WithCancel(t.Context())
	var shoppers sync.WaitGroup
	tried, acked := make([]map[string]bool, 4), make([]map[string]bool, 4)
	for i := range tried {
		tried[i], acked[i] = map[string]bool{}, map[string]bool{}
		shoppers.Go(func() { buy(ctx, "http://"+shop.Address(), i, tried[i], acked[i]) })
	}
	for range 10 {
		time.Sleep(250 * time.Millisecond) // the instant of death must not depend on what the shop is doing
		if err := shop.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := shop.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(300 * time.Millisecond)
	stop()
	shoppers.Wait()
	judge(t, rest(t, shop, provider), tried, acked)
}

// buy checks out again and again, under a new key each time, until ctx ends.
func buy(ctx context.Context, url string, n int, tried, acked map[string]bool) {
	token := ""
	for i := 0; ctx.Err() == nil; i++ {
		if token == "" {
			var session shopapi.Session
			credentials := shopapi.Credentials{Email: fmt.Sprintf("shopper-%04d@example.com", n+1), Password: "figlab-shopper"}
			if call(ctx, "POST", url+"/sessions", "", "", credentials, &session) != http.StatusCreated {
				time.Sleep(20 * time.Millisecond)
				continue
			}
			token = session.Token
		}
		product := string(catalog.SeedID(1, (n*50+i)%200))
		if call(ctx, "PUT", url+"/cart/items/"+product, token, "", shopapi.CartItemQuantity{Quantity: 1}, nil) != http.StatusOK {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		key := fmt.Sprintf("key-%d-%06d", n, i)
		tried[key] = true
		order := shopapi.NewOrder{
			ShippingAddress: shopapi.Address{Line1: "4 Pier", City: "Aveiro", Postcode: "3800", Country: "PT"},
			ShippingService: shopapi.Standard, PaymentToken: "tok_ok",
		}
		if call(ctx, "POST", url+"/orders", token, key, order, nil) == http.StatusCreated {
			acked[key] = true
		}
	}
}

// call returns the status, 0 without an answer.
func call(ctx context.Context, method, url, token, key string, in, out any) int {
	body, err := json.Marshal(in)
	if err != nil {
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return 0
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	if out != nil && json.NewDecoder(resp.Body).Decode(out) != nil {
		return 0
	}
	return resp.StatusCode
}

// rest waits until nothing is left to do and returns what the stores hold.
func rest(t *testing.T, shop, provider *embedded.Process) (f history.Facts) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if call(t.Context(), "GET", "http://"+shop.Admin()+"/audit", "test", "", nil, &f) == http.StatusOK {
			f.Work.OutboxUnpublished = 0 // there is no broker here
			if f.Work.AtRest() {
				break
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the shop does not come to rest: %+v", f.Work)
		}
		f = history.Facts{}
	}
	if call(t.Context(), "GET", "http://"+provider.Address()+"/provider/ledger", "", "", nil, &f.Provider) != http.StatusOK {
		t.Fatal("no ledger from the provider")
	}
	return f
}

func judge(t *testing.T, f history.Facts, tried, acked []map[string]bool) {
	t.Helper()
	byKey, payments, captured := map[string]int{}, map[string]history.Payment{}, map[string]int64{}
	for _, o := range f.Orders {
		byKey[o.Key]++
	}
	for _, p := range f.Payments {
		payments[p.Order] = p
	}
	for _, e := range f.Provider.Entries {
		captured[e.Key] += e.Amount
	}
	total := 0
	for i := range tried {
		total += len(acked[i])
		for key := range acked[i] {
			if byKey[key] != 1 {
				t.Errorf("acknowledged order %s is there %d times", key, byKey[key])
			}
		}
		for key := range tried[i] {
			if byKey[key] > 1 {
				t.Errorf("order %s is there %d times", key, byKey[key])
			}
		}
	}
	for _, o := range f.Orders {
		if p := payments[o.ID]; o.State != "delivered" || captured[p.ID] != o.Total || p.State != "captured" {
			t.Errorf("order %s over %d is %s, paid %+v, the provider took %d", o.ID, o.Total, o.State, p, captured[p.ID])
		}
	}
	if len(f.Provider.Entries) != len(f.Orders) || total < 20 {
		t.Errorf("%d charges for %d orders, %d of them acknowledged (want at least 20)", len(f.Provider.Entries), len(f.Orders), total)
	}
	for _, s := range f.Stock {
		left := s.Initial
		for _, m := range f.StockMoves {
			if m.Product == s.Product && m.Kind == "commit" {
				left -= m.Quantity
			}
		}
		if left != s.OnHand || s.Reserved != 0 {
			t.Errorf("stock of %s is %+v, the moves leave %d", s.Product, s, left)
		}
	}
	t.Logf("%d orders, %d acknowledged, %d recovered after an unknown outcome", len(f.Orders), total, len(f.Orders)-total)
}

// TestStartTellsWhyNot: a process that cannot start says why, at once.
func TestStartTellsWhyNot(t *testing.T) {
	e, err := embedded.New(figshop(t), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	taken := start(t, e, "provider")
	_, err = e.Start(t.Context(), embedded.Spec{Name: "second", Role: "provider", Listen: taken.Address(), Admin: "127.0.0.1:0"})
	if err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("a second one on the same port: %v", err)
	}
	pid := taken.PID()
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); err == nil {
		t.Errorf("process %d is still there", pid)
	}
}
