package orderprocessing

import (
	"encoding/json"
	"figlab/api/token"
	"figlab/internal/process"
	"figlab/internal/registry"
	"figlab/microservices/orderprocessing/saga"
	"figlab/microservices/platform/call"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

type instance string

func (i instance) Instances() []registry.Instance {
	return []registry.Instance{{Service: "any", Name: "any-1", Address: string(i)}}
}

// asking returns the siblings, all of them played by one handler.
func asking(t *testing.T, h http.HandlerFunc) (siblings, taking) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	c := call.New(call.Options{
		Service: "orderprocessing", Deps: process.Real("orderprocessing-1", nil, io.Discard),
		Find: func(string) call.Instances { return instance(server.Listener.Addr().String()) },
	})
	s, err := newSiblings(c)
	if err != nil {
		t.Fatal(err)
	}
	took, err := newTaking(c)
	if err != nil {
		t.Fatal(err)
	}
	return s, took
}

func order(t *testing.T) Order {
	t.Helper()
	var w world
	s := newShell(t, sqlite(t), "one", &w)
	s.hears(t, placed(orderID(1), true))
	return s.stands(t, orderID(1))
}

// TestAnswers: what an answer means, operation by operation.
func TestAnswers(t *testing.T) {
	o := order(t)
	conflict := func(code string) string {
		return fmt.Sprintf(`409 {"type":"urn:figlab:problem:%s","title":"Conflict","status":409}`, code)
	}
	refusals := map[saga.Op]string{saga.Reserve: "out-of-stock", saga.Keep: "reservation-expired", saga.Recall: "order-not-cancellable"}
	all := []saga.Op{saga.Reserve, saga.Keep, saga.Release, saga.Commit, saga.Authorise, saga.Refund, saga.Plan, saga.Recall}
	type want struct {
		said saga.Outcome
		id   string
	}
	for _, op := range all {
		answers := map[string]want{
			`200 {"order_id":"o","state":"held","payment_id":"p1","shipment_id":"s1"}`: {said: saga.Done},
			conflict("out-of-stock"): {}, conflict("reservation-expired"): {}, conflict("order-not-cancellable"): {},
			conflict("idempotency-key-reused"): {}, "409 nonsense": {}, "404 {}": {}, "422 {}": {}, "500 {}": {}, "503 {}": {}, "204": {}, "cut": {},
		}
		if code := refusals[op]; code != "" {
			answers[conflict(code)] = want{said: saga.Refused}
		}
		switch op {
		case saga.Authorise:
			answers = map[string]want{
				`200 {"payment_id":"p1","state":"captured"}`: {saga.Done, "p1"}, `200 {"payment_id":"p1","state":"refunded"}`: {saga.Done, "p1"},
				`200 {"payment_id":"p1","state":"declined"}`: {saga.Refused, "p1"}, `200 {"payment_id":"p1","state":"initiated"}`: {},
				"200 nonsense": {}, conflict("payment-declined"): {}, "503 {}": {}, "cut": {},
			}
		case saga.Plan:
			answers[`200 {"order_id":"o","state":"held","payment_id":"p1","shipment_id":"s1"}`] = want{saga.Done, "s1"}
			answers["200 nonsense"] = want{}
		default:
		}
		for answer, want := range answers {
			s, _ := asking(t, func(w http.ResponseWriter, _ *http.Request) {
				if answer == "cut" {
					panic(http.ErrAbortHandler)
				}
				var status int
				words := strings.SplitN(answer, " ", 2)
				_, _ = fmt.Sscan(words[0], &status)
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				if len(words) > 1 {
					_, _ = io.WriteString(w, words[1])
				}
			})
			id, said, err := s.Ask(t.Context(), op, o)
			if want.said == "" {
				want.said = saga.Unknown
			}
			if said != want.said || id != want.id || (err != nil) != (said == saga.Unknown) {
				t.Errorf("%s answered %s: %s %q %v, want %+v", op, answer, said, id, err, want)
			}
		}
	}
}

// TestAsked: what is sent, and that all of it may be repeated.
func TestAsked(t *testing.T) {
	o := order(t)
	at := "/internal/%s/" + string(o.ID)
	for op, want := range map[saga.Op]string{
		saga.Reserve:   "reservations " + `{"items":[{"product_id":"` + goods + `","quantity":3}],"ttl_seconds":300}`,
		saga.Keep:      "reservations/keep",
		saga.Release:   "reservations/release",
		saga.Commit:    "reservations/commit",
		saga.Authorise: "payments " + `{"amount":1990,"currency":"EUR","token":"tok_ok","user_id":"` + shopper + `"}`,
		saga.Refund:    "payments/refund",
		saga.Plan:      "shipments " + `{"address":{"city":"Ulm","country":"DE","line1":"1 Lane","postcode":"89073"},"service":"standard","user_id":"` + shopper + `","weight_grams":700}`,
		saga.Recall:    "shipments/recall",
	} {
		path, body, _ := strings.Cut(want, " ")
		family, verb, _ := strings.Cut(path, "/")
		if path = fmt.Sprintf(at, family); verb != "" {
			path += "/" + verb
		}
		tries := 0
		s, _ := asking(t, func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			if r.Method != http.MethodPost || r.URL.Path != path || string(b) != body {
				t.Errorf("%s: %s %s %s, want %s %s", op, r.Method, r.URL.Path, b, path, body)
			}
			if tries++; tries == 1 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"state":"captured"}`)
		})
		if _, said, err := s.Ask(t.Context(), op, o); err != nil || said != saga.Done || tries != 2 {
			t.Errorf("%s: %s after %d tries, %v", op, said, tries, err)
		}
	}
	s, _ := asking(t, func(http.ResponseWriter, *http.Request) { t.Error("asked") })
	if _, said, err := s.Ask(t.Context(), "sing", o); err == nil || said != saga.Unknown {
		t.Errorf("%s, %v", said, err)
	}
}

// TestFind: order taking is asked in the shopper's name.
func TestFind(t *testing.T) {
	_, took := asking(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/orders/"+unheard || r.Header.Get("Authorization") != "Bearer a.b.c" {
			t.Errorf("%s as %q", r.URL.Path, r.Header.Get("Authorization"))
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(image(unheard)); err != nil {
			t.Error(err)
		}
	})
	if o, err := took.Find(token.WithSigned(t.Context(), "a.b.c"), unheard); err != nil || o.Id != unheard {
		t.Errorf("%+v, %v", o, err)
	}
}

// TestPolicies: they are valid, and none is declared twice.
func TestPolicies(t *testing.T) {
	var to []string
	for _, p := range Calls() {
		if err := p.Validate(); err != nil {
			t.Error(err)
		}
		to = append(to, p.To)
	}
	slices.Sort(to)
	if want := []string{"logistics", "ordertaking", "payment", "warehouse"}; !slices.Equal(to, want) {
		t.Errorf("it calls %v", to)
	}
}
