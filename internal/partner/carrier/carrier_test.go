package carrier_test

import (
	"context"
	"figlab/api/internalapi"
	"figlab/internal/partner/carrier"
	"figlab/internal/process"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"
)

// start runs a carrier on a folder until the test ends or stop is called.
func start(t *testing.T, data string, deliverAfter time.Duration) (api *internalapi.ClientWithResponses, stop func()) {
	t.Helper()
	deps := process.Real("carrier", nil, t.Output())
	deps.Log = slog.New(slog.DiscardHandler)
	c, err := carrier.New(carrier.Config{Listen: "127.0.0.1:0", Data: data, DeliverAfter: deliverAfter}, deps)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("did not end cleanly: %v", err)
		}
	})
	t.Cleanup(stop)
	if api, err = internalapi.NewClientWithResponses("http://" + c.Addr()); err != nil {
		t.Fatal(err)
	}
	return api, stop
}

func book(t *testing.T, api *internalapi.ClientWithResponses, key string, grams int64) *internalapi.BookParcelResponse {
	t.Helper()
	r, err := api.BookParcelWithResponse(t.Context(), internalapi.ParcelRequest{
		Key: key, Service: "standard", Country: "PT", WeightGrams: grams,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func events(t *testing.T, api *internalapi.ClientWithResponses, after int64, wait int) []internalapi.ParcelEvent {
	t.Helper()
	r, err := api.ReadParcelEventsWithResponse(t.Context(), &internalapi.ReadParcelEventsParams{After: &after, WaitMs: &wait})
	if err != nil || r.JSON200 == nil {
		t.Fatalf("events after %d: %v", after, err)
	}
	return r.JSON200.Items
}

func TestOneKeyOneParcel(t *testing.T) {
	api, _ := start(t, t.TempDir(), time.Hour)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if r := book(t, api, "once", 900); r.JSON200 == nil || r.JSON200.Reference != "FIG00000001" {
				t.Errorf("%s: %s", r.Status(), r.Body)
			}
		})
	}
	all.Wait()
	if r := book(t, api, "once", 901); r.StatusCode() != http.StatusConflict {
		t.Errorf("another parcel under the key answered %s", r.Status())
	}
	r, err := api.ReadCarrierLedgerWithResponse(t.Context())
	if err != nil || r.JSON200 == nil {
		t.Fatal(err)
	}
	if l := r.JSON200; len(l.Parcels) != 1 || l.Parcels[0].Requests != 8 || l.Requests != 9 || l.Replays != 7 {
		t.Errorf("%+v", l)
	}
}

// TestLongPoll: whoever waits is told at once, and nobody is told twice.
func TestLongPoll(t *testing.T) {
	api, _ := start(t, t.TempDir(), 30*time.Millisecond)
	if got := events(t, api, 0, 1); len(got) != 0 {
		t.Fatalf("events of nothing: %+v", got)
	}
	waited := make(chan []internalapi.ParcelEvent, 1)
	go func() { waited <- events(t, api, 0, 10_000) }()
	book(t, api, "a", 100)
	if got := <-waited; len(got) != 1 || got[0].Key != "a" || got[0].State != internalapi.ParcelEventStateBooked {
		t.Errorf("woken with %+v", got)
	}
	got := events(t, api, 1, 10_000)
	if len(got) != 1 || got[0].Sequence != 2 || got[0].State != internalapi.ParcelEventStateDelivered {
		t.Errorf("after the booking came %+v", got)
	}
	if ahead := events(t, api, 99, 1); len(ahead) != 0 {
		t.Errorf("after an event that has not happened: %+v", ahead)
	}
}

// TestRestart: what was booked before a restart is delivered after it, and the events go on where they ended.
func TestRestart(t *testing.T) {
	data := t.TempDir()
	api, stop := start(t, data, time.Hour)
	book(t, api, "a", 100)
	book(t, api, "b", 100)
	stop()
	api, _ = start(t, data, time.Millisecond)
	var all []internalapi.ParcelEvent
	for len(all) < 4 {
		got := events(t, api, int64(len(all)), 10_000)
		if len(got) == 0 {
			t.Fatalf("no more after %+v", all)
		}
		all = append(all, got...)
	}
	for i, want := range []struct {
		key   string
		state internalapi.ParcelEventState
	}{{"a", "booked"}, {"b", "booked"}, {"a", "delivered"}, {"b", "delivered"}} {
		if all[i].Sequence != int64(i+1) || all[i].Key != want.key || all[i].State != want.state {
			t.Errorf("event %d is %+v, want %v", i+1, all[i], want)
		}
	}
	if r := book(t, api, "b", 101); r.StatusCode() != http.StatusConflict {
		t.Errorf("another parcel under a key from before the restart: %s", r.Status())
	}
	if r := book(t, api, "b", 100); r.JSON200 == nil || r.JSON200.Reference != "FIG00000002" || r.JSON200.State != internalapi.ParcelStateDelivered {
		t.Errorf("booked again after its delivery: %s", r.Body)
	}
}
