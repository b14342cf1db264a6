package monolith_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// liesOfForm break what every answer must keep.
func liesOfForm() []lie {
	return []lie{
		{
			name: "drops a field", group: "catalog", says: "breaks the contract", on: "GET /products/",
			tell: func(_ *http.Response, d doc) bool { return without(d, "version") },
		},
		{
			name: "leaks a field", group: "cart", says: "breaks the contract", on: "GET /cart$",
			tell: func(r *http.Response, d doc) bool {
				return r.StatusCode == http.StatusOK && with(d, "owner", "somebody")
			},
		},
		{
			name: "200 instead of 201", group: "user", says: "createUser: the contract knows no 200 here", on: "POST /users$",
			tell: status(http.StatusCreated, http.StatusOK),
		},
		{
			name: "500 for bad input", group: "cart", says: "answered 500", on: "PUT /cart/",
			tell: status(http.StatusBadRequest, http.StatusInternalServerError),
		},
		{
			name: "a problem of the wrong type", group: "catalog", says: "want 404 product-not-found", on: "GET /products/",
			tell: func(r *http.Response, d doc) bool {
				return r.StatusCode == http.StatusNotFound && with(d, "type", "urn:figlab:problem:gone")
			},
		},
		{
			name: "a problem that is plain JSON", group: "catalog", says: "no problem document",
			tell: media("application/problem+json", "application/json"),
		},
		{name: "JSON that says it is HTML", group: "http", says: "breaks the contract", tell: media("application/json", "text/html")},
		{
			name: "no request id", group: "http", says: "the answer has no X-Request-Id",
			tell: func(r *http.Response, _ doc) bool { r.Header.Del("X-Request-Id"); return true },
		},
		{
			name: "a request id of its own", group: "http", says: "a sane request id came back as",
			ask: func(r *http.Request) bool { return dropHeader(r.Header, "X-Request-Id") },
		},
		{
			name: "breaks on HEAD", group: "methods", says: "answered 501", on: "HEAD ",
			tell: func(r *http.Response, _ doc) bool { r.StatusCode = http.StatusNotImplemented; return true },
		},
		{
			name: "reads what is no JSON", group: "cart", says: "want 415 unsupported-media-type", on: "PUT ",
			ask: func(r *http.Request) bool { r.Header.Set("Content-Type", "application/json"); return true },
		},
	}
}

// liesToCallers mistake who is asking.
func liesToCallers() []lie {
	var sessions, owners, shipments memory
	return []lie{
		{
			name: "takes every token", group: "tokens", says: "getMe with", on: "POST /sessions|GET /users/me",
			tell: func(_ *http.Response, d doc) bool { return learn(&sessions, "any", d["token"]) },
			ask: func(r *http.Request) bool {
				return r.Method == http.MethodGet && bear(r, sessions.recall("any"))
			},
		},
		{
			name: "does not say how to sign in", group: "cart", says: "want 401 with WWW-Authenticate",
			tell: func(r *http.Response, _ doc) bool { return dropHeader(r.Header, "Www-Authenticate") },
		},
		lieOfAdmins(),
		{
			name: "shows another's order", group: "orders", says: "getOrder answered 200", on: "POST /orders$|GET /orders/[^/]*$",
			tell: func(r *http.Response, d doc) bool {
				return learn(&owners, d["id"], r.Request.Header.Get("Authorization"))
			},
			ask: func(r *http.Request) bool { return bear(r, owners.recall(last(r))) },
		},
		{
			name: "shows another's shipment", group: "strangers", says: "getShipment answered 200", on: "GET /orders/[^/]*$|GET /shipments/",
			tell: func(r *http.Response, d doc) bool {
				return learn(&shipments, d["shipment_id"], r.Request.Header.Get("Authorization"))
			},
			ask: func(r *http.Request) bool { return bear(r, shipments.recall(last(r))) },
		},
		{
			name: "publishes another key", group: "user", says: "the published keys give", on: "GET /.well-known/",
			tell: func(_ *http.Response, d doc) bool {
				k := d["keys"].([]any)[0].(doc)
				b := []byte(k["x"].(string))
				slices.Reverse(b[:20])
				return with(k, "x", string(b))
			},
		},
	}
}

// lieOfAdmins lets every customer do what the admin may, whose token is the first the suite asks for.
func lieOfAdmins() lie {
	var sessions memory
	return lie{
		name: "takes everybody for an admin", group: "warehouse", says: "want 403 forbidden", on: "POST /sessions|POST /stock/",
		tell: func(_ *http.Response, d doc) bool {
			token, ok := d["token"].(string)
			if ok && sessions.recall("admin") == "" {
				sessions.keep("admin", "Bearer "+token)
			}
			return ok && sessions.keep("Bearer "+token, "known") && false
		},
		ask: func(r *http.Request) bool {
			return sessions.recall(r.Header.Get("Authorization")) != "" && bear(r, sessions.recall("admin"))
		},
	}
}

// liesOnPages break lists.
func liesOnPages() []lie {
	var asked memory
	return []lie{
		{
			name: "a page twice", group: "pages", says: "comes twice", on: "GET /products$",
			ask: func(r *http.Request) bool {
				return r.URL.Query().Has("after") && asked.keep(r.URL.RawQuery, "") && query(r, "after", "")
			},
		},
		{
			name: "a gap between pages", group: "pages", says: "was left out", on: "GET /products$",
			tell: func(r *http.Response, d doc) bool {
				return r.Request.URL.Query().Has("after") && items(d, func(all []any) []any { return all[min(1, len(all)):] })
			},
		},
		{
			name: "a list that ends too early", group: "orders", says: "pages of 1 give", on: "GET /orders$",
			tell: func(_ *http.Response, d doc) bool { return without(d, "next") },
		},
		{
			name: "pages of any size", group: "queries", says: "gave 20 of at most 1", on: "GET /products$",
			ask: func(r *http.Request) bool { return r.URL.Query().Get("limit") == "1" && query(r, "limit", "") },
		},
		{
			name: "takes a limit that is too high", group: "queries", says: "listOrders answered 200", on: "GET /orders$",
			ask: func(r *http.Request) bool { return r.URL.Query().Get("limit") == "201" && query(r, "limit", "200") },
		},
		{
			name: "takes any cursor", group: "orders", says: "want 400 invalid-cursor", on: "GET /orders$",
			ask: func(r *http.Request) bool { return r.URL.Query().Get("after") == "x" && query(r, "after", "") },
		},
	}
}

// liesOnAnswers break what is found, quoted and recommended.
func liesOnAnswers() []lie {
	return []lie{
		{
			name: "the worst hit first", group: "finding", says: "with map[]", on: "GET /search$",
			tell: func(r *http.Response, d doc) bool {
				return !r.Request.URL.Query().Has("sort") && items(d, func(all []any) []any { slices.Reverse(all); return all })
			},
		},
		{
			name: "finds what is too cheap", group: "finding", says: "with map[min_price:[200]]", on: "GET /search$",
			ask: func(r *http.Request) bool { return r.URL.Query().Has("min_price") && query(r, "min_price", "") },
		},
		{
			name: "counts only what it shows", group: "search", says: "limited:", on: "GET /search$",
			tell: func(_ *http.Response, d doc) bool {
				all, ok := d["items"].([]any)
				return ok && with(d, "total", len(all))
			},
		},
		{
			name: "quotes in any order", group: "logistics", says: "quotes are not sorted", on: "GET /shipping/",
			tell: func(_ *http.Response, d doc) bool {
				return items(d, func(all []any) []any { slices.Reverse(all); return all })
			},
		},
		{
			name: "shows another stock on the page", group: "view", says: "the page shows", on: "GET /products/[^/]*/page$",
			tell: func(_ *http.Response, d doc) bool {
				stock, ok := d["stock"].(map[string]any)
				return ok && with(stock, "available", 9)
			},
		},
		{
			name: "recommends for the wrong reason", group: "recommendation", says: "a stranger is told", on: "GET /recommendations$",
			tell: func(_ *http.Response, d doc) bool {
				return each(d, "items", func(i doc) bool { return i["reason"] == "popular" && with(i, "reason", "own_history") })
			},
		},
	}
}

// status turns one status into another, in the document too.
func status(from, to int) retelling {
	return func(r *http.Response, d doc) bool {
		if r.StatusCode != from {
			return false
		}
		if r.StatusCode = to; d["status"] != nil {
			d["status"] = to
		}
		return true
	}
}

// media turns one content type into another.
func media(from, to string) retelling {
	return func(r *http.Response, _ doc) bool {
		if !strings.HasPrefix(r.Header.Get("Content-Type"), from) {
			return false
		}
		r.Header.Set("Content-Type", to)
		return true
	}
}

func without(d doc, field string) bool {
	_, ok := d[field]
	delete(d, field)
	return ok
}

func with(d doc, field string, v any) bool {
	if d != nil {
		d[field] = v
	}
	return d != nil
}

// items changes the items of a list.
func items(d doc, change func([]any) []any) bool {
	all, ok := d["items"].([]any)
	return ok && len(all) > 0 && with(d, "items", change(all))
}

// each changes the objects of a list.
func each(d doc, list string, change func(doc) bool) (changed bool) {
	all, _ := d[list].([]any)
	for _, i := range all {
		changed = change(i.(doc)) || changed
	}
	return changed
}

// add adds to a number, or to the amount of money.
func add(d doc, field string, n int64) bool {
	if money, ok := d[field].(doc); ok {
		return add(money, "amount", n)
	}
	before, ok := d[field].(json.Number)
	if !ok {
		return false
	}
	v, err := before.Int64()
	return err == nil && with(d, field, v+n)
}

func dropHeader(h http.Header, name string) bool {
	_, ok := h[name]
	h.Del(name)
	return ok
}

// query sets a parameter, or takes it away.
func query(r *http.Request, name, value string) bool {
	q := r.URL.Query()
	if q.Set(name, value); value == "" {
		q.Del(name)
	}
	r.URL.RawQuery = q.Encode()
	return true
}

// bear signs a request with somebody's token.
func bear(r *http.Request, token string) bool {
	if token == "" || token == r.Header.Get("Authorization") {
		return false
	}
	if !strings.HasPrefix(token, "Bearer ") {
		token = "Bearer " + token
	}
	r.Header.Set("Authorization", token)
	return true
}

// learn remembers; that is no lie yet, so it returns false. The first value of a name counts.
func learn(m *memory, name, value any) bool {
	n, v := fmt.Sprint(name), fmt.Sprint(value)
	if name != nil && value != nil && m.recall(n) == "" {
		m.keep(n, v)
	}
	return false
}

// last returns the last part of a request's path.
func last(r *http.Request) string { return r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:] }

func now() string { return time.Now().UTC().Format(time.RFC3339Nano) }
