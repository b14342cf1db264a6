package lab

import (
	"context"
	"encoding/json"
	"errors"
	"figlab/api/internalapi"
	"figlab/internal/topology"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestNothingMovesBeforeItsData: a capability counts as fed when the backfill is through, no change is behind and nothing stands still;
// one without a feed when its service says so.
func TestNothingMovesBeforeItsData(t *testing.T) {
	trouble, none, some := "the target is away", int64(0), int64(3)
	for name, c := range map[string]struct {
		feeds      []internalapi.FeedState
		checkpoint internalapi.FeedCheckpoint
		want       bool
	}{
		"through":            {[]internalapi.FeedState{{Capability: "catalog", Backfilled: true, Rows: 7}}, internalapi.FeedCheckpoint{}, true},
		"still copying":      {[]internalapi.FeedState{{Capability: "catalog"}}, internalapi.FeedCheckpoint{Backfilled: true}, false},
		"behind":             {[]internalapi.FeedState{{Capability: "catalog", Backfilled: true, Lag: 1}}, internalapi.FeedCheckpoint{}, false},
		"standing still":     {[]internalapi.FeedState{{Capability: "catalog", Backfilled: true, Error: &trouble}}, internalapi.FeedCheckpoint{}, false},
		"feeds itself":       {nil, internalapi.FeedCheckpoint{Backfilled: true, Pending: &none}, true},
		"following":          {nil, internalapi.FeedCheckpoint{Backfilled: true, Pending: &some}, false},
		"not saying":         {nil, internalapi.FeedCheckpoint{Backfilled: true}, false},
		"still feeding":      {nil, internalapi.FeedCheckpoint{}, false},
		"somebody else's is": {[]internalapi.FeedState{{Capability: "cart", Backfilled: true}}, internalapi.FeedCheckpoint{}, false},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var answer any = c.checkpoint
			if r.URL.Path == "/feeds" {
				answer = internalapi.Feeds{Feeds: c.feeds}
			}
			if err := json.NewEncoder(w).Encode(answer); err != nil {
				t.Error(err)
			}
		}))
		at := server.Listener.Addr().String()
		s := &shop{doors: newDoors("t"), ground: ground{admin: map[string]string{topology.Strangler: at, "catalog-1": at}}}
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
		_, err := s.fed(ctx, "catalog")
		cancel()
		server.Close()
		if c.want && err != nil || !c.want && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v, want it fed: %v", name, err, c.want)
		}
	}
}
