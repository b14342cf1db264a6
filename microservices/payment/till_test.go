package payment_test

import (
	"context"
	"encoding/json"
	"errors"
	"figlab/api/contract"
	"figlab/api/internalapi"
	"figlab/api/problem"
	"figlab/api/shopapi"
	"figlab/api/token"
	"figlab/internal/engine/postgres"
	"figlab/internal/process"
	"figlab/microservices/platform/host"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// told returns the events of a type about a shopper, in the order they came.
func (s *stand) told(kind, user string) (found []internalapi.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if e.Type == kind && e.UserId != nil && *e.UserId == user {
			found = append(found, e)
		}
	}
	return found
}

// A person is known by the token.
type person struct{ id, token string }

func (s *stand) person(t *testing.T, role string) person {
	t.Helper()
	id := s.ids.New()
	signed, err := s.issuer.Issue(token.Claims{User: id, Role: role}, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return person{id, signed}
}

func with(header, value string) func(context.Context, *http.Request) error {
	return func(_ context.Context, r *http.Request) error {
		if value != "" {
			r.Header.Set(header, value)
		}
		return nil
	}
}

// api asks a replica as a person.
func (s *stand) api(t *testing.T, replica int, who person) *shopapi.ClientWithResponses {
	t.Helper()
	api, err := shopapi.NewClientWithResponses("http://"+s.hosts[replica].Addr(),
		shopapi.WithRequestEditorFn(with("Authorization", "Bearer "+who.token)))
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// till asks a replica as a service.
func (s *stand) till(t *testing.T, replica int, service string) *internalapi.ClientWithResponses {
	t.Helper()
	api, err := internalapi.NewClientWithResponses("http://"+s.hosts[replica].Addr(),
		internalapi.WithRequestEditorFn(with(contract.ServiceToken, s.tokens[service])))
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// An order that is to be paid.
type order struct {
	id    string
	who   person
	token string
}

const price = 1090

func (s *stand) order(t *testing.T) order {
	return order{s.ids.New(), s.person(t, "customer"), "tok_ok"}
}

// An answer of the till: the payment, or the code of a refusal.
type answer struct {
	id, state string
	status    int
	code      string
}

func (s *stand) authorise(t *testing.T, replica int, o order) (a answer) {
	t.Helper()
	r, err := s.till(t, replica, "orderprocessing").AuthorisePaymentWithResponse(t.Context(), o.id,
		internalapi.PaymentOrder{UserId: o.who.id, Amount: price, Currency: "EUR", Token: o.token})
	if err != nil {
		t.Error(err)
		return a
	}
	a.status, a.code = r.StatusCode(), code(r.StatusCode(), r.Body)
	if r.JSON200 != nil {
		a.id, a.state = r.JSON200.PaymentId, r.JSON200.State
	}
	return a
}

func (s *stand) refundOrder(t *testing.T, replica int, o order) (a answer) {
	t.Helper()
	r, err := s.till(t, replica, "orderprocessing").RefundOrderWithResponse(t.Context(), o.id)
	if err != nil {
		t.Error(err)
		return a
	}
	a.status, a.code = r.StatusCode(), code(r.StatusCode(), r.Body)
	if r.JSON200 != nil {
		a.id, a.state = r.JSON200.PaymentId, r.JSON200.State
	}
	return a
}

// paid authorises an order, and returns the payment.
func (s *stand) paid(t *testing.T, o order) (payment string) {
	t.Helper()
	a := s.authorise(t, 0, o)
	if a.state != "captured" {
		t.Fatalf("authorised: %+v", a)
	}
	return a.id
}

// did is what the provider has done for a payment.
func (s *stand) did(t *testing.T, payment string) (charges, refunds []int64) {
	t.Helper()
	api, err := internalapi.NewClientWithResponses(s.provider)
	if err != nil {
		t.Fatal(err)
	}
	r, err := api.ReadProviderLedgerWithResponse(t.Context())
	if err != nil || r.JSON200 == nil {
		t.Fatalf("provider's ledger: %v", err)
	}
	for _, e := range r.JSON200.Entries {
		switch {
		case e.Key == payment:
			charges = append(charges, e.Amount)
		case e.ChargeKey != nil && *e.ChargeKey == payment:
			refunds = append(refunds, e.Amount)
		}
	}
	return charges, refunds
}

// audit reads the facts, and checks that every transaction of the ledger sums to zero and the whole to what the provider owes.
func (s *stand) audit(t *testing.T) (a internalapi.Audit) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.hosts[len(s.hosts)-1].AdminAddr()+"/audit", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer test")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		t.Fatal(err)
	}
	sums, owed, left := map[string]int64{}, int64(0), int64(0)
	for _, e := range a.Ledger {
		if sums[e.Transaction] += e.Amount; e.Account == "provider_receivable" {
			owed += e.Amount
		}
	}
	for transaction, sum := range sums {
		if sum != 0 {
			t.Errorf("%s sums to %d", transaction, sum)
		}
	}
	for _, p := range a.Payments {
		if p.State == "captured" || p.State == "refunded" {
			left += p.Amount - p.Refunded
		}
	}
	if owed != left {
		t.Errorf("the provider owes %d by the ledger and %d by the payments", owed, left)
	}
	return a
}

// postgresStand is newStand on the other database; it skips the test where there is none.
func postgresStand(t *testing.T, replicas int) *stand {
	t.Helper()
	if err := postgres.Find(); err != nil {
		t.Skip(err)
	}
	dir, err := os.MkdirTemp("", "figlab-pg-*") //nolint:usetesting // the parent of t.TempDir is closed to the user the server runs as
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	c, err := postgres.Start(t.Context(), postgres.Options{Dir: filepath.Join(dir, "data"), Unsafe: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := c.Create(t.Context(), "payment"); err != nil {
		t.Fatal(err)
	}
	return newStand(t, replicas, func(cfg *host.Config) { cfg.Store, cfg.DSN = "postgres", c.DSN("payment") })
}

func deps(t *testing.T, name string) process.Deps {
	t.Helper()
	d := process.Real(name, nil, t.Output())
	d.Log = slog.New(slog.NewTextHandler(t.Output(), nil)).With("process", name)
	return d
}

func run(t *testing.T, process func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := process(ctx); err != nil {
			t.Errorf("did not end cleanly: %v", err)
		}
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

// code is the stable name of the refusal in an answer, "" for a success.
func code(status int, body []byte) string {
	if status < 300 {
		return ""
	}
	var p *problem.Error
	if err := problem.Parse(status, body); !errors.As(err, &p) {
		return err.Error()
	}
	return p.Code
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within twenty seconds: %s", what)
		}
	}
}

// together runs n calls at once.
func together(n int, do func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { do(i) })
	}
	all.Wait()
}
