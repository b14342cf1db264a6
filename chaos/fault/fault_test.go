package fault_test

import (
	"context"
	"figlab/chaos/fault"
	"figlab/chaos/link"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

// over opens a link to a shop that answers, and returns a client that calls over it.
func over(t *testing.T) (on *link.Link, call func() (time.Duration, error)) {
	t.Helper()
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "sold") }))
	s, err := link.Open(t.Context(), []link.Spec{{ID: "client->shop", Listen: "127.0.0.1:0", Target: shop.Listener.Addr().String()}})
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
		shop.Close()
	})
	on, _ = s.Link("client->shop")
	return on, func() (time.Duration, error) {
		start := time.Now()
		answer, err := client.Get("http://" + on.Listen())
		if err != nil {
			return 0, err
		}
		defer func() { _ = answer.Body.Close() }()
		_, err = io.Copy(io.Discard, answer.Body)
		return time.Since(start), err
	}
}

func TestLatencyOverSockets(t *testing.T) {
	for _, stream := range []string{"upstream", "downstream"} {
		t.Run(stream, func(t *testing.T) {
			t.Parallel()
			on, call := over(t)
			if _, err := call(); err != nil {
				t.Fatal(err)
			}
			f := &fault.Latency{Delay: 200 * time.Millisecond, Jitter: 50 * time.Millisecond, Stream: stream}
			l := inject(t, f, on)
			if l.Acted() {
				t.Error("nothing but probes has passed, yet it claims to have acted")
			}
			if took, err := call(); err != nil || took < 150*time.Millisecond {
				t.Errorf("the call took %s: %v", took, err)
			}
			if err := l.Heal(t.Context()); err != nil {
				t.Fatal(err)
			}
			if took, err := call(); err != nil || took >= 150*time.Millisecond {
				t.Errorf("after the heal the call took %s: %v", took, err)
			}
			e := l.Evidence()
			if !l.Acted() || !l.Undone() || e["probe_during_ms"] < 150 || e["probe_after_ms"] > 150 || e["answered_probes"] != 6 {
				t.Errorf("acted %t, undone %t: %v", l.Acted(), l.Undone(), e)
			}
		})
	}
}

func TestDownOverSockets(t *testing.T) {
	on, call := over(t)
	if _, err := call(); err != nil {
		t.Fatal(err)
	}
	l := inject(t, &fault.Down{}, on)
	if _, err := call(); err == nil {
		t.Error("a call came through")
	}
	if err := l.Heal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := call(); err != nil {
		t.Error(err)
	}
	e := l.Evidence()
	if !l.Acted() || !l.Undone() || e["refused_probes"] != 6 || e["cut_connections_during"] != 1 || e["bytes_from_callee_during"] != 0 {
		t.Errorf("acted %t, undone %t: %v", l.Acted(), l.Undone(), e)
	}
}

func TestYAML(t *testing.T) {
	f := fault.Faults()["latency"]()
	if err := yaml.UnmarshalWithOptions([]byte("delay: 300ms\njitter: 20ms\nstream: upstream\n"), f, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	want := fault.Latency{Delay: 300 * time.Millisecond, Jitter: 20 * time.Millisecond, Stream: "upstream"}
	if got, ok := f.(*fault.Latency); !ok || *got != want || len(f.Validate()) != 0 {
		t.Errorf("%+v: %v", f, f.Validate())
	}
}

func TestFaults(t *testing.T) {
	for kind, fresh := range fault.Faults() {
		if fresh().Kind() != kind {
			t.Errorf("%s calls itself %s", kind, fresh().Kind())
		}
	}
}

func TestValidateSaysAllThatIsWrong(t *testing.T) {
	for _, c := range []struct {
		fault fault.Latency
		want  []string
	}{
		{fault.Latency{}, []string{"delay", "stream"}},
		{fault.Latency{Delay: 1500 * time.Microsecond, Stream: "upstream"}, []string{"delay"}},
		{fault.Latency{Delay: 100 * time.Millisecond, Jitter: 60 * time.Millisecond, Stream: "sideways"}, []string{"jitter", "stream"}},
		{fault.Latency{Delay: 4 * time.Second, Jitter: 2 * time.Second, Stream: "upstream"}, []string{"delay 4s and jitter 2s"}},
		{fault.Latency{Delay: 100 * time.Millisecond, Jitter: 50 * time.Millisecond, Stream: "upstream"}, nil},
	} {
		got := c.fault.Validate()
		if len(got) != len(c.want) {
			t.Errorf("%+v: %v, want %v", c.fault, got, c.want)
			continue
		}
		for i, want := range c.want {
			if !strings.HasPrefix(got[i].Error(), want) {
				t.Errorf("%+v: %v, want %s", c.fault, got[i], want)
			}
		}
		if c.want == nil {
			continue
		}
		if _, err := c.fault.Inject(t.Context(), &wire{}); err == nil {
			t.Errorf("%+v was injected", c.fault)
		}
	}
}
