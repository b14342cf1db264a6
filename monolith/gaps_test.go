package monolith_test

import (
	"bytes"
	"figlab/api/shopapi"
	"figlab/internal/history"
	"figlab/internal/partner/carrier"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	catalog "figlab/shop/catalog"
)

// A line stands between the monolith and a partner.
type line struct {
	cut  atomic.Bool // requests do not arrive
	deaf atomic.Bool // answers do not arrive
	veto func(*http.Request) bool
}

// to starts the line and returns its address.
func (l *line) to(t *testing.T, addr string) string {
	t.Helper()
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: addr})
	proxy.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	proxy.ModifyResponse = func(*http.Response) error {
		if l.deaf.Load() {
			panic(http.ErrAbortHandler)
		}
		return nil
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case l.cut.Load():
			panic(http.ErrAbortHandler)
		case l.veto != nil && l.veto(r):
			http.Error(w, "no", http.StatusUnprocessableEntity)
		default:
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return "http://" + server.Listener.Addr().String()
}

// TestGapsOfTheCheckout stops the monolith in each gap of a checkout, before and after the provider has acted. After the restart the order
// is decided as if nothing had happened, and the provider has acted once.
func TestGapsOfTheCheckout(t *testing.T) {
	t.Parallel()
	for _, gap := range []struct {
		name string
		at   func(*line) *atomic.Bool
	}{
		{"before the charge", func(l *line) *atomic.Bool { return &l.cut }},
		{"after the charge", func(l *line) *atomic.Bool { return &l.deaf }},
	} {
		for card, want := range map[string]shopapi.OrderState{"tok_ok": "confirmed", "tok_declined": "rejected"} {
			t.Run(gap.name+", "+card, func(t *testing.T) {
				t.Parallel()
				p, c := partners(t)
				var l line
				cfg := config(t)
				cfg.Provider, cfg.Carrier, cfg.DispatchDelay = l.to(t, p.Addr()), "http://"+c.Addr(), time.Hour
				gap.at(&l).Store(true)
				first := open(t, cfg)
				stop := runUntil(t, first.Run)
				s := shopper{t: t, url: "http://" + first.Addr()}
				s.signIn("shopper-0001@example.com", "figlab-shopper")
				s.must("PUT", "/cart/items/"+string(catalog.SeedID(1, 5)), shopapi.CartItemQuantity{Quantity: 2}, nil)
				wanted := order()
				wanted.PaymentToken = card
				var o shopapi.Order
				if s.must("POST", "/orders", wanted, &o); o.State != shopapi.OrderStatePending {
					t.Fatalf("nobody knows what the provider did, yet the order is %s", o.State)
				}
				books(t, first.AdminAddr(), nil)
				stop()

				gap.at(&l).Store(false)
				second := open(t, cfg)
				runUntil(t, second.Run)
				s.url = "http://" + second.Addr()
				eventually(t, "the order is decided", func() bool {
					s.must("GET", "/orders/"+o.Id, nil, &o)
					return o.State != shopapi.OrderStatePending
				})
				facts := books(t, second.AdminAddr(), func(f *history.Facts) { f.Provider = ledger(t, p) })
				if o.State != want || len(facts.Provider.Entries) != 1 || len(facts.Notifications) != 1 {
					t.Errorf("the order is %s, want %s; the provider acted %d times, the shopper was told %d times",
						o.State, want, len(facts.Provider.Entries), len(facts.Notifications))
				}
			})
		}
	}
}

// TestRefundOutlivesCrash cancels an order while the provider's answers are lost, and stops the monolith. The order is cancelled at once;
// the money goes back once, also under a key of the greatest length the contract allows.
func TestRefundOutlivesCrash(t *testing.T) {
	t.Parallel()
	p, c := partners(t)
	var l line
	cfg := config(t)
	cfg.Provider, cfg.Carrier, cfg.DispatchDelay = l.to(t, p.Addr()), "http://"+c.Addr(), time.Hour
	first := open(t, cfg)
	stop := runUntil(t, first.Run)
	s := shopper{t: t, url: "http://" + first.Addr()}
	s.signIn("admin@example.com", "figlab-admin")
	s.must("PUT", "/cart/items/"+string(catalog.SeedID(1, 7)), shopapi.CartItemQuantity{Quantity: 1}, nil)
	var o shopapi.Order
	s.must("POST", "/orders", order(), &o)
	l.deaf.Store(true)
	s.key = strings.Repeat("k", 128)
	s.must("POST", "/payments/"+*o.PaymentId+"/refund", shopapi.Refund{Amount: shopapi.Price{Amount: 100, Currency: "EUR"}}, nil)
	s.key = ""
	s.must("POST", "/orders/"+o.Id+"/cancel", nil, &o)
	if o.State != shopapi.OrderStateCancelled {
		t.Fatalf("cancelled to %s", o.State)
	}
	if f := books(t, first.AdminAddr(), nil); f.Work.PaymentsInitiated != 2 {
		t.Errorf("two refunds nobody has confirmed, the audit says %+v", f.Work)
	}
	stop()

	l.deaf.Store(false)
	second := open(t, cfg)
	runUntil(t, second.Run)
	doors := shopper{t: t, url: "http://" + second.AdminAddr(), token: "test"}
	eventually(t, "the refunds are confirmed", func() bool {
		var f history.Facts
		doors.must("GET", "/audit", nil, &f)
		return f.Work.PaymentsInitiated == 0
	})
	f := books(t, second.AdminAddr(), func(f *history.Facts) { f.Provider = ledger(t, p) })
	if len(f.Provider.Entries) != 3 || f.Payments[0].Refunded != o.Total.Amount {
		t.Errorf("%+v of %s went back in %+v", f.Payments, o.Total.Currency, f.Provider.Entries)
	}
}

// TestDeliveryWhileAway: the carrier delivers while the monolith is down, and carries a stranger's parcel before. Both are heard of once.
func TestDeliveryWhileAway(t *testing.T) {
	t.Parallel()
	p, _ := partners(t)
	data := t.TempDir()
	slow := deliverer(t, data, time.Hour)
	stopSlow := runUntil(t, slow.Run)
	cfg := config(t)
	cfg.Provider, cfg.Carrier, cfg.DispatchDelay = "http://"+p.Addr(), "http://"+slow.Addr(), time.Millisecond
	stranger := shopper{t: t, url: "http://" + slow.Addr()}
	stranger.must("POST", "/parcels", map[string]any{"key": "not-ours", "service": "standard", "country": "PT", "weight_grams": 5}, nil)

	first := open(t, cfg)
	stop := runUntil(t, first.Run)
	s := shopper{t: t, url: "http://" + first.Addr()}
	s.signIn("shopper-0003@example.com", "figlab-shopper")
	s.must("PUT", "/cart/items/"+string(catalog.SeedID(1, 8)), shopapi.CartItemQuantity{Quantity: 1}, nil)
	var o shopapi.Order
	s.must("POST", "/orders", order(), &o)
	eventually(t, "the order is shipped", func() bool {
		s.must("GET", "/orders/"+o.Id, nil, &o)
		return o.State == shopapi.OrderStateShipped
	})
	stop()
	stopSlow()

	quick := deliverer(t, data, 0)
	runUntil(t, quick.Run)
	cfg.Carrier = "http://" + quick.Addr()
	second := open(t, cfg)
	runUntil(t, second.Run)
	s.url = "http://" + second.Addr()
	eventually(t, "the order is delivered", func() bool {
		s.must("GET", "/orders/"+o.Id, nil, &o)
		return o.State == shopapi.OrderStateDelivered
	})
	if f := books(t, second.AdminAddr(), nil); len(f.Notifications) != 3 {
		t.Errorf("confirmed, shipped and delivered are three messages: %+v", f.Notifications)
	}
}

// TestRefusedParcelStandsInNobodysWay: the carrier refuses one parcel; the next is shipped.
func TestRefusedParcelStandsInNobodysWay(t *testing.T) {
	t.Parallel()
	p, c := partners(t)
	l := line{veto: refuseFirst()}
	cfg := config(t)
	cfg.Provider, cfg.Carrier, cfg.DispatchDelay = "http://"+p.Addr(), l.to(t, c.Addr()), 0
	m := open(t, cfg)
	runUntil(t, m.Run)
	s := shopper{t: t, url: "http://" + m.Addr()}
	s.signIn("shopper-0004@example.com", "figlab-shopper")
	for i := range 2 {
		s.must("PUT", "/cart/items/"+string(catalog.SeedID(1, 10+i)), shopapi.CartItemQuantity{Quantity: 1}, nil)
		s.must("POST", "/orders", order(), nil)
	}
	eventually(t, "one of two orders is shipped", func() bool {
		var page shopapi.OrderPage
		s.must("GET", "/orders", nil, &page)
		return len(page.Items) == 2 && (page.Items[0].State == shopapi.OrderStateShipped || page.Items[1].State == shopapi.OrderStateShipped)
	})
	books(t, m.AdminAddr(), nil)
}

// refuseFirst refuses whatever is booked first, whenever it comes again.
func refuseFirst() func(*http.Request) bool {
	var first atomic.Pointer[string]
	return func(r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return true
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		asked := string(body)
		first.CompareAndSwap(nil, &asked)
		return *first.Load() == asked
	}
}

func deliverer(t *testing.T, data string, after time.Duration) *carrier.Carrier {
	t.Helper()
	c, err := carrier.New(carrier.Config{Listen: "127.0.0.1:0", Data: data, DeliverAfter: after}, deps(t, "carrier"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
