package compare

import (
	"bytes"
	"context"
	"encoding/json"
	"figlab/api/shopapi"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Checkouts has shoppers put one product into their cart and order it, at Rate per second on a fixed schedule.
type Checkouts struct {
	Client   *http.Client
	URL      string   // of the shop
	Name     string   // begins the idempotency keys; unique in the life of the shop's database
	Tokens   []string // of the shoppers; each orders again when all others have
	Product  func(i int) string
	Rate     int
	Duration time.Duration
	Poll     time.Duration // between two looks at a pending order; 0: nobody looks
}

// Run returns how long each order took from its placing to the answer that it is decided, sorted; without Poll to the answer that it is
// placed. A request that fails ends the measurement with an error.
func (c Checkouts) Run(ctx context.Context) (Latencies, error) {
	gap := time.Second / time.Duration(c.Rate)
	n := int(c.Duration / gap)
	took := make(Latencies, n)
	errs := make(chan error, n)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var flying sync.WaitGroup
	defer flying.Wait()
	start := time.Now()
	for i := range n {
		if err := wait(ctx, time.Until(start.Add(time.Duration(i)*gap))); err != nil {
			break // one of the shoppers says why, or the caller has gone
		}
		flying.Go(func() {
			var err error
			if took[i], err = c.checkout(ctx, i); err != nil {
				errs <- err
				cancel()
			}
		})
	}
	flying.Wait()
	select {
	case err := <-errs:
		return nil, err
	default:
	}
	slices.Sort(took)
	return took, ctx.Err()
}

// checkout buys one product and returns how long the order took.
func (c Checkouts) checkout(ctx context.Context, i int) (time.Duration, error) {
	token := c.Tokens[i%len(c.Tokens)]
	put := shopapi.CartItemQuantity{Quantity: 1}
	if err := c.send(ctx, http.MethodPut, "/cart/items/"+c.Product(i), token, "", put, nil); err != nil {
		return 0, err
	}
	var o shopapi.Order
	placed := time.Now()
	err := c.send(ctx, http.MethodPost, "/orders", token, fmt.Sprintf("%s-%06d", c.Name, i), shopapi.NewOrder{
		PaymentToken: "tok_visa", ShippingService: shopapi.Standard,
		ShippingAddress: shopapi.Address{Line1: "1 Quay", City: "Porto", Postcode: "4000", Country: "PT"},
	}, &o)
	for err == nil && c.Poll > 0 && o.State == shopapi.OrderStatePending {
		if err = wait(ctx, c.Poll); err == nil {
			err = c.send(ctx, http.MethodGet, "/orders/"+o.Id, token, "", nil, &o)
		}
	}
	return time.Since(placed), err
}

// send calls the shop; whatever is no success is an error.
func (c Checkouts) send(ctx context.Context, method, path, token, key string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.URL+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	if in == nil {
		req.Body, req.ContentLength = http.NoBody, 0
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := c.Client.Do(req)
	if err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("compare: %s %s: %w", method, path, err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("compare: %s %s answered %s: %s", method, path, resp.Status, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}
