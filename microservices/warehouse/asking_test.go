package warehouse_test

import (
	"bytes"
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
)

// call asks a door, and returns the status and the code of a refusal; a success is decoded into out.
func call(t *testing.T, method, url string, headers map[string]string, in, out any) (int, string) {
	t.Helper()
	var body io.Reader = http.NoBody
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			t.Error(err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Error(err)
		return 0, err.Error()
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	if out != nil && resp.StatusCode < 300 {
		if err := json.Unmarshal(b, out); err != nil {
			t.Errorf("%s %s: %s: %v", method, url, b, err)
		}
	}
	return resp.StatusCode, code(resp.StatusCode, b)
}

func want(items ...any) (out []internalapi.Quantity) {
	for i := 0; i < len(items); i += 2 {
		out = append(out, internalapi.Quantity{ProductId: product(items[i].(int)), Quantity: int64(items[i+1].(int))})
	}
	return out
}

// ask sends a command about an order to one of the replicas. The verbs are those of the doors; "" reserves.
func (s *stand) ask(t *testing.T, replica, order int, verb string, items ...internalapi.Quantity) (internalapi.Reservation, string) {
	t.Helper()
	url := fmt.Sprintf("http://%s/internal/reservations/%s", s.hosts[replica].Addr(), id(order))
	var in any
	if verb == "" {
		in = internalapi.ReservationRequest{Items: items, TtlSeconds: 600}
	} else {
		url += "/" + verb
	}
	var r internalapi.Reservation
	_, refusal := call(t, "POST", url, map[string]string{"X-Service-Token": s.tokens["orderprocessing"]}, in, &r)
	return r, refusal
}

// is asks and compares the state of the answer, or the code of the refusal.
func (s *stand) is(t *testing.T, order int, verb, answer string, items ...internalapi.Quantity) {
	t.Helper()
	r, refusal := s.ask(t, 0, order, verb, items...)
	if got := r.State + refusal; got != answer {
		t.Errorf("order %d: %q is answered %q, want %q", order, verb, got, answer)
	}
}

func (s *stand) stock(t *testing.T, i int) (st shopapi.Stock) {
	t.Helper()
	if status, refusal := call(t, "GET", "http://"+s.hosts[0].Addr()+"/stock/"+product(i), nil, nil, &st); status != 200 {
		t.Errorf("stock of product %d: %d %s", i, status, refusal)
	}
	return st
}

func (s *stand) restock(t *testing.T, replica int, p string, q int64, key, as string) (st shopapi.Stock, refusal string) {
	t.Helper()
	_, refusal = call(t, "POST", "http://"+s.hosts[replica].Addr()+"/stock/"+p+"/restock",
		map[string]string{"Idempotency-Key": key, "Authorization": "Bearer " + as}, map[string]int64{"quantity": q}, &st)
	return st, refusal
}

// audited reads the facts and holds the rows against the moves, as the oracles do.
func (s *stand) audited(t *testing.T) (a internalapi.Audit) {
	t.Helper()
	status, refusal := call(t, "GET", "http://"+s.hosts[0].AdminAddr()+"/audit", map[string]string{"Authorization": "Bearer test"}, nil, &a)
	if status != 200 {
		t.Fatalf("audit: %d %s", status, refusal)
	}
	type place struct{ product, kind, cause string }
	seen := map[place]bool{}
	onHand, reserved, moves := map[string]int64{}, map[string]int64{}, map[string]bool{}
	for _, m := range a.StockMoves {
		p := place{m.ProductId, string(m.Kind), m.Cause}
		if seen[p] {
			t.Errorf("two moves %v", p)
		}
		seen[p], moves[m.ProductId] = true, true
		switch m.Kind {
		case internalapi.Restock:
			onHand[m.ProductId] += m.Quantity
		case internalapi.Reserve:
			reserved[m.ProductId] += m.Quantity
		case internalapi.Release:
			reserved[m.ProductId] -= m.Quantity
		case internalapi.Commit:
			reserved[m.ProductId] -= m.Quantity
			onHand[m.ProductId] -= m.Quantity
		}
	}
	for _, r := range a.Stock {
		if r.OnHand != r.Initial+onHand[r.ProductId] || r.Reserved != reserved[r.ProductId] {
			t.Errorf("product %s: %+v, the moves leave %+d on hand and %d reserved", r.ProductId, r, onHand[r.ProductId], reserved[r.ProductId])
		}
		delete(moves, r.ProductId)
	}
	if len(moves) > 0 {
		t.Errorf("moves of products without a row: %v", moves)
	}
	return a
}

// together runs n of something at once.
func together(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}
