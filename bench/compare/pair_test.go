package compare_test

import (
	"figlab/bench/compare"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

func at(url string) func(int) string { return func(int) string { return url } }

func TestPairSeesTheSlowerOne(t *testing.T) {
	var hits [2]atomic.Int64
	fast := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits[0].Add(1) }))
	defer fast.Close()
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		hits[1].Add(1)
		time.Sleep(20 * time.Millisecond)
	}))
	defer slow.Close()

	pair := compare.Pair{Client: http.DefaultClient, A: at(fast.URL), B: at(slow.URL), Rate: 100, Duration: 400 * time.Millisecond}
	a, b, err := pair.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(a) != 40 || len(b) != 40 || hits[0].Load() != 40 || hits[1].Load() != 40 {
		t.Fatalf("sent %d and %d requests (%d, %d answered), want 40 each", len(a), len(b), hits[0].Load(), hits[1].Load())
	}
	if d := b.Quantile(0.5) - a.Quantile(0.5); d < 15*time.Millisecond {
		t.Errorf("the slow target is %s behind, want about 20ms", d)
	}
}

func TestPairEndsAtTheFirstFailure(t *testing.T) {
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	defer broken.Close()
	pair := compare.Pair{Client: http.DefaultClient, A: at(broken.URL), B: at(broken.URL), Rate: 50, Duration: 5 * time.Second}
	start := time.Now()
	if _, _, err := pair.Run(t.Context()); err == nil {
		t.Error("no error from a target that answers 502")
	}
	if time.Since(start) > time.Second {
		t.Error("went on after the failure")
	}
}

func TestCeilingCounts(t *testing.T) {
	var hits atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer server.Close()
	n, err := compare.Ceiling(t.Context(), http.DefaultClient, at(server.URL), 4, 100*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if n == 0 || n > hits.Load()+4 {
		t.Errorf("counted %d of %d answered requests", n, hits.Load())
	}
}

func TestQuantile(t *testing.T) {
	l := compare.Latencies{1, 2, 3, 4}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 3, 0.99: 4, 1: 4} {
		if got := l.Quantile(q); got != want {
			t.Errorf("quantile %v = %d, want %d", q, got, want)
		}
	}
	if compare.Latencies(nil).Quantile(0.5) != 0 {
		t.Error("an empty distribution has a median")
	}
}
