package monolith_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
)

// liesOnWrites lose or repeat what was written.
func liesOnWrites() []lie {
	return []lie{
		{
			name: "ignores the key of an order", group: "idempotency", says: "idempotency", on: "POST /orders$", ask: freshKey,
		},
		{
			name: "ignores the key of a restock", group: "warehouse", says: "restock 2:", on: "POST /stock/", ask: freshKey,
		},
		{
			name: "forgets Idempotent-Replayed", group: "idempotency", says: `(replayed "")`, on: "POST /orders$",
			tell: func(r *http.Response, _ doc) bool { return dropHeader(r.Header, "Idempotent-Replayed") },
		},
		{
			name: "changes what has changed since", group: "catalog", says: "want 412 version-mismatch", on: "PATCH /products/",
			ask: func(r *http.Request) bool { return dropHeader(r.Header, "If-Match") },
		},
		{
			name: "loses an item of a cart", group: "cart", says: "two products cost", on: "(GET|PUT) /cart",
			tell: func(_ *http.Response, d doc) bool {
				return items(d, func(all []any) []any { return all[:max(1, len(all)-1)] })
			},
		},
		{
			name: "keeps the wish it moved", group: "gone", says: "1 wishes, want 0", on: "POST /wishlist/", tell: wishAgain,
		},
		{
			name: "forgets when a message was read", group: "notification", says: "the first time counts", on: "POST /notifications/",
			tell: func(r *http.Response, d doc) bool { return r.StatusCode == http.StatusOK && with(d, "read_at", now()) },
		},
	}
}

// freshKey makes every request a new one, unless its key is refused anyway.
func freshKey(r *http.Request) bool {
	key := r.Header.Get("Idempotency-Key")
	if len(key) < 20 || len(key) > 128 || strings.Contains(key, " ") {
		return false
	}
	r.Header.Set("Idempotency-Key", rand.Text())
	return true
}

// wishAgain wishes for what was just moved.
func wishAgain(r *http.Response, _ doc) bool {
	if r.StatusCode != http.StatusOK {
		return false
	}
	again := r.Request.Clone(r.Request.Context())
	again.Method, again.Body, again.ContentLength = http.MethodPut, http.NoBody, 0
	again.URL.Path = strings.TrimSuffix(again.URL.Path, "/move-to-cart")
	answer, err := http.DefaultTransport.RoundTrip(again)
	if err != nil {
		return false
	}
	return answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
}

// liesOnOrders tell something else than what was ordered.
func liesOnOrders() []lie {
	var seen memory
	const orders = "POST /orders$|GET /orders/[^/]*$"
	return []lie{
		{
			name: "a stale price in the order", group: "checkout", says: "ordered", on: orders,
			tell: func(_ *http.Response, d doc) bool {
				return each(d, "lines", func(l doc) bool { return add(l, "unit_price", -1) && add(l, "line_total", -3) }) &&
					add(d, "subtotal", -3) && add(d, "total", -3)
			},
		},
		{
			name: "a price that changes later", group: "checkout", says: "the price of an order changed", on: "GET /orders/[^/]*$",
			tell: func(r *http.Response, d doc) bool { return !seen.keep(last(r.Request), "") && add(d, "total", 1) },
		},
		{
			name: "sells what is not there", group: "races", says: "of 4 shoppers got one of 2 pieces", on: orders,
			tell: func(_ *http.Response, d doc) bool {
				return d["reason"] == "out_of_stock" && without(d, "reason") && with(d, "state", "confirmed")
			},
		},
		{
			name: "an order of an empty cart", group: "races", says: "were let through, want 1", on: "POST /orders$", tell: sameAgain,
		},
		{
			name: "rejects for the wrong reason", group: "gone", says: "ordered what is off sale", on: orders,
			tell: func(_ *http.Response, d doc) bool {
				return d["reason"] == "not_for_sale" && with(d, "reason", "out_of_stock")
			},
		},
		{
			name: "an event that is missing", group: "processing", says: "events", on: "GET /orders/[^/]*/events$",
			tell: func(_ *http.Response, d doc) bool {
				return items(d, func(all []any) []any { return all[:len(all)-1] })
			},
		},
		{
			name: "events out of count", group: "processing", says: "has sequence", on: "GET /orders/[^/]*/events$",
			tell: func(_ *http.Response, d doc) bool {
				return each(d, "items", func(e doc) bool { return add(e, "sequence", 1) })
			},
		},
		{
			name: "keeps the stock of cancelled orders", group: "processing", says: "a cancelled order keeps stock", on: "GET /stock/",
			tell: func(_ *http.Response, d doc) bool { return add(d, "available", -1) && add(d, "reserved", 1) },
		},
	}
}

// sameAgain answers with the caller's latest order where it should say that the cart is empty.
func sameAgain(r *http.Response, d doc) bool {
	if d["type"] != "urn:figlab:problem:empty-cart" {
		return false
	}
	ask := r.Request.Clone(r.Request.Context())
	ask.Method, ask.Body, ask.ContentLength = http.MethodGet, http.NoBody, 0
	answer, err := http.DefaultTransport.RoundTrip(ask)
	if err != nil {
		return false
	}
	defer func() { _ = answer.Body.Close() }()
	page, err := decoded(answer.Body)
	all, _ := page["items"].([]any)
	if err != nil || len(all) == 0 {
		return false
	}
	clear(d)
	maps.Copy(d, all[0].(doc))
	r.StatusCode = http.StatusCreated
	r.Header.Set("Content-Type", "application/json")
	return true
}

// liesOnMoney lose money, or the word of it.
func liesOnMoney() []lie {
	return []lie{
		{
			name: "keeps the money of cancelled orders", group: "processing", says: "the money of a cancelled order went back", on: "GET /payments$",
			tell: func(_ *http.Response, d doc) bool {
				return each(d, "items", func(p doc) bool {
					return p["state"] == "refunded" && with(p, "state", "captured") && with(p["refunded"].(doc), "amount", 0)
				})
			},
		},
		{
			name: "refunds more than there is", group: "refunds", says: "want 422 refund-too-large", on: "POST /payments/",
			ask: func(r *http.Request) bool {
				d, err := decoded(r.Body)
				if err != nil || !strings.HasPrefix(r.Header.Get("Idempotency-Key"), "too-much") {
					return restore(r, d) && false
				}
				return with(d["amount"].(doc), "amount", 1) && restore(r, d)
			},
		},
		{
			name: "refunds as often as it is asked", group: "refunds", says: "four times one refund", on: "POST /payments/", ask: freshKey,
		},
		{
			name: "does not tell of a refund", group: "refunds", says: "the shopper is told of the order", on: "GET /notifications$",
			tell: func(_ *http.Response, d doc) bool { return forget(d, "payment_refunded") },
		},
		{
			name: "does not tell of a cancellation", group: "refunds", says: "the shopper is told of the order", on: "GET /notifications$",
			tell: func(_ *http.Response, d doc) bool { return forget(d, "order_cancelled") },
		},
	}
}

// forget leaves out the messages of a kind.
func forget(d doc, kind string) (changed bool) {
	return items(d, func(all []any) (kept []any) {
		kept = []any{}
		for _, m := range all {
			if m.(doc)["kind"] != kind {
				kept = append(kept, m)
			}
		}
		return kept
	})
}

// restore gives a request a body.
func restore(r *http.Request, d doc) bool {
	b, err := json.Marshal(d)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	return err == nil
}
