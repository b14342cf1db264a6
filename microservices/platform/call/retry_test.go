package call

import (
	"bytes"
	"context"
	"errors"
	"figlab/api/contract"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestRetryElsewhere: what may be repeated goes on to an instance that was not tried.
func TestRetryElsewhere(t *testing.T) {
	for name, first := range map[string]func(testing.TB) string{
		"502": func(t testing.TB) string { return serve(t, says(502)) }, "503": func(t testing.TB) string { return serve(t, says(503)) },
		"504": func(t testing.TB) string { return serve(t, says(504)) }, "cut": func(t testing.TB) string { return serve(t, aborts) },
		"refused": refusing,
	} {
		t.Run(name, func(t *testing.T) {
			for _, how := range [][]string{{"GET"}, {"HEAD"}, {"POST", "Idempotency-Key", "k"}, {"DELETE", "Idempotency-Key", "k"}} {
				alive := newTarget(t, says(200))
				s := newStand(t, first(t), alive.address)
				status, err := ask(t.Context(), s.Client(policy(2)), how[0], products, "", how[1:]...)
				if c := s.counted(); status != 200 || c.Retries != 1 || c.Attempts != 2 || c.Failures != 0 {
					t.Errorf("%s: %d %v, %+v", how, status, err, c)
				}
			}
			alive := newTarget(t, says(200))
			s := newStand(t, first(t), alive.address)
			if _, _ = ask(t.Context(), s.Client(policy(1)), "GET", products, ""); alive.hits.Load() != 0 || s.counted().Failures != 1 {
				t.Errorf("tried twice though the policy says once, or not counted: %+v", s.counted())
			}
		})
	}
}

// TestAnswersAreNotRepeated: what is said about the request itself is the answer.
func TestAnswersAreNotRepeated(t *testing.T) {
	for _, status := range []int{200, 301, 404, 409, 429, 500} {
		n := newTarget(t, says(status, "Location", "/elsewhere"))
		s := newStand(t, n.address, n.address)
		if got, err := ask(t.Context(), s.Client(policy(3)), "GET", products, ""); got != status || n.hits.Load() != 1 {
			t.Errorf("%d came as %d %v after %d tries", status, got, err, n.hits.Load())
		}
	}
}

// TestWritesAreSentOnce: a write that may have had its effect is not sent again, by us or by the transport, unless it may be repeated; then
// all its tries are ours.
func TestWritesAreSentOnce(t *testing.T) {
	for name, c := range map[string]struct {
		fails  http.HandlerFunc
		policy Policy
		key    string
		want   int64
	}{
		"cut":                   {aborts, policy(3), "", 1},
		"503":                   {says(503), policy(3), "", 1},
		"cut, idempotent":       {aborts, Policy{To: "catalog", Timeout: time.Second, Attempts: 3, Idempotent: true}, "", 3},
		"503, idempotent":       {says(503), Policy{To: "catalog", Timeout: time.Second, Attempts: 3, Idempotent: true}, "", 3},
		"cut, with a key":       {aborts, policy(3), "k", 3},
		"cut, with a key, once": {aborts, policy(1), "k", 1},
	} {
		for _, body := range []string{"", "{}"} {
			n := newTarget(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method != "GET" {
					c.fails(w, r)
				}
			})
			s := newStand(t, n.address)
			_, _ = ask(t.Context(), s.Client(policy(1)), "GET", products, "") // leaves a connection, which is when a transport repeats
			headers := []string{}
			if c.key != "" {
				headers = []string{"Idempotency-Key", c.key}
			}
			status, err := ask(t.Context(), s.Client(c.policy), "POST", products, body, headers...)
			if n.hits.Load()-1 != c.want || status != 503 && code(err) != "unavailable connection-lost" || NotExecuted(err) {
				t.Errorf("%s with body %q: %d tries, want %d: %d %v", name, body, n.hits.Load()-1, c.want, status, err)
			}
		}
	}
}

// TestNotExecuted: what certainly had no effect is tried again whatever it is, and what is told about it in the end is the truth.
func TestNotExecuted(t *testing.T) {
	alive := newTarget(t, says(201))
	for name, first := range map[string]string{
		"503": serve(t, says(503, contract.NotExecuted, "1")), "429": serve(t, says(429, contract.NotExecuted, "1")), "refused": refusing(t),
	} {
		alive.hits.Store(0)
		s := newStand(t, first, alive.address)
		if status, err := ask(t.Context(), s.Client(policy(2)), "POST", products, "{}"); status != 201 || alive.hits.Load() != 1 {
			t.Errorf("%s: %d %v", name, status, err)
		}
	}
	down := newStand(t, refusing(t), refusing(t))
	_, err := ask(t.Context(), down.Client(policy(3)), "POST", products, "{}")
	if code(err) != "unavailable unreachable" || !NotExecuted(err) {
		t.Errorf("nobody there: %v", err)
	}
	// The second try had no effect; the first may have had one.
	idempotent := policy(2)
	idempotent.Idempotent = true
	if _, err := ask(t.Context(), newStand(t, serve(t, aborts), refusing(t)).Client(idempotent), "POST", products, "{}"); NotExecuted(err) || err == nil {
		t.Errorf("after a first try that may have had its effect: %v", err)
	}
	s := newStand(t, serve(t, says(503)), serve(t, says(503, contract.NotExecuted, "1")))
	req, _ := http.NewRequestWithContext(t.Context(), "POST", products, nil)
	answer, err := s.Client(idempotent).Do(req)
	if err != nil || answer.Body.Close() != nil || answer.Header.Get(contract.NotExecuted) != "" {
		t.Errorf("the answer of the second try speaks for the first: %v %v", answer, err)
	}
}

// TestRetryAfter: the callee says when, as long as there is time for it.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for seconds, tries := range map[string]int64{"1": 2, "2": 1, "": 2} {
		n := newTarget(t, says(503, "Retry-After", seconds))
		s := newStand(t, n.address)
		began := time.Now()
		_, _ = ask(t.Context(), s.Client(policy(2)), "GET", products, "")
		if took := time.Since(began); n.hits.Load() != tries || seconds == "2" && took > time.Second || seconds == "1" && took < time.Second {
			t.Errorf("with %q it was tried %d times in %s", seconds, n.hits.Load(), took)
		}
	}
}

// TestWait: twice as long each time, by chance up to twice that, never beyond 200 ms.
func TestWait(t *testing.T) {
	for _, c := range []struct {
		n, draw   int // of ten
		low, high time.Duration
	}{{1, 0, 10, 10}, {1, 10, 19, 20}, {2, 0, 20, 20}, {3, 5, 60, 60}, {5, 0, 160, 160}, {5, 10, 200, 200}, {9, 0, 200, 200}} {
		s := newStand(t)
		s.o.Draw = func(n int) int { return min(n*c.draw/10, n-1) }
		r := run{client: s.client(policy(3))}
		if d := r.wait(c.n, nil); d < c.low*time.Millisecond || d > c.high*time.Millisecond {
			t.Errorf("after try %d it waits %s", c.n, d)
		}
	}
}

// TestAllowance: a fifth of the calls and three a second, and no more than twenty at once.
func TestAllowance(t *testing.T) {
	now := time.Unix(1000, 0)
	a := newAllowance(now)
	drain := func(calls int64) (n int) {
		for a.take(calls, now) {
			n++
		}
		return n
	}
	for _, c := range []struct {
		after time.Duration
		calls int64
		want  int
	}{{0, 0, 20}, {0, 4, 0}, {0, 5, 1}, {0, 55, 10}, {time.Second, 55, 3}, {-time.Minute, 80, 5}, {time.Minute, 80, 0}, {2 * time.Second, 90, 8}, {time.Hour, 9999, 20}} {
		now = now.Add(c.after)
		if n := drain(c.calls); n != c.want {
			t.Errorf("%s later, after %d calls, it gave %d, want %d", c.after, c.calls, n, c.want)
		}
	}
}

// TestRetryBudget: when everything fails, retries end and the first failure is the answer. Two policies share the budget.
func TestRetryBudget(t *testing.T) {
	n := newTarget(t, says(503))
	s := newStand(t, n.address)
	now := s.o.Deps.Now()
	s.o.Deps.Now = func() time.Time { return now }
	shy, eager := s.Client(policy(1)), s.Client(policy(2))
	s.to().breaker.circuit = never{s.to().breaker.circuit}
	for range 50 {
		_, _ = ask(t.Context(), shy, "GET", products, "")
	}
	for range 40 {
		if status, err := ask(t.Context(), eager, "GET", products, ""); status != 503 {
			t.Fatal(status, err)
		}
	}
	// 20 were there; the calls of both policies have earned more, but not beyond 20 until the first was taken.
	c := s.Report().Dependencies[1].Counts
	if c.Retries < 20 || c.Retries > 28 || c.RetryBudgetExhausted != 40-c.Retries || n.hits.Load() != 90+c.Retries {
		t.Errorf("%+v after %d tries", c, n.hits.Load())
	}
}

func (s *stand) to() *service { return s.services["catalog"] }

// TestBodies: a body comes whole with each try, however it was given; one too large is not sent.
func TestBodies(t *testing.T) {
	large := strings.Repeat("x", maxBody)
	var mu sync.Mutex
	var got []string
	n := newTarget(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, fmt.Sprint(len(b), " of ", r.ContentLength))
		w.WriteHeader(503)
	})
	for name, c := range map[string]struct {
		body io.Reader
		want string
	}{
		"text": {strings.NewReader("whole"), "5 of 5"}, "stream": {io.MultiReader(strings.NewReader("who"), strings.NewReader("le")), "5 of 5"},
		"most": {bytes.NewReader([]byte(large)), "1048576 of 1048576"}, "too large": {strings.NewReader(large + "x"), ""},
		"a stream too large": {io.MultiReader(strings.NewReader(large), strings.NewReader("x")), ""}, "none": {nil, "0 of -1"},
		"a stream that is cut off": {http.MaxBytesReader(nil, io.NopCloser(strings.NewReader("whole")), 2), ""},
		"an empty stream":          {io.MultiReader(), "0 of -1"},
	} {
		got = nil
		s := newStand(t, n.address)
		req, err := http.NewRequestWithContext(t.Context(), "PUT", products, c.body)
		if err != nil {
			t.Fatal(err)
		}
		closed := &closing{ReadCloser: req.Body}
		if req.Body != nil {
			req.Body = closed
		}
		req.Header.Set("Idempotency-Key", "k")
		answer, err := s.Client(policy(2)).Do(req)
		if err == nil {
			_ = answer.Body.Close()
		}
		mu.Lock()
		if c.want == "" && (code(err) != "too-large too-large" || !NotExecuted(err) || len(got) != 0) {
			t.Errorf("%s: %v after %v", name, err, got)
		}
		if c.want != "" && strings.Join(got, ", ") != c.want+", "+c.want {
			t.Errorf("%s: %v, got %q", name, err, got)
		}
		mu.Unlock()
		if req.Body != nil && !closed.closed {
			t.Errorf("%s: the body was not closed", name)
		}
	}
}

type closing struct {
	io.ReadCloser
	closed bool
	read   int
}

func (c *closing) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.read += n
	return n, err
}

func (c *closing) Close() error {
	c.closed = true
	return c.ReadCloser.Close()
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestDroppedAnswers are read, but not without bound, and closed; that of the last try is left to whoever asked.
func TestDroppedAnswers(t *testing.T) {
	for size, read := range map[int]int{10: 10, 100_000: 4 << 10} {
		s := newStand(t, "a:1", "b:1")
		var bodies []*closing
		s.transport = roundTrip(func(*http.Request) (*http.Response, error) {
			b := &closing{ReadCloser: io.NopCloser(strings.NewReader(strings.Repeat("x", size)))}
			bodies = append(bodies, b)
			return &http.Response{StatusCode: 503, Header: http.Header{}, Body: b}, nil
		})
		answer, err := s.Client(policy(2)).Get(products)
		if err != nil || len(bodies) != 2 {
			t.Fatal(err, len(bodies))
		}
		if !bodies[0].closed || bodies[0].read != read || bodies[1].closed || bodies[1].read != 0 {
			t.Errorf("of %d bytes: %+v %+v", size, bodies[0], bodies[1])
		}
		if err := answer.Body.Close(); err != nil || !bodies[1].closed {
			t.Errorf("closed %t: %v", bodies[1].closed, err)
		}
	}
}

// TestCancelledWhileWaiting: who gives up is not kept waiting for a retry.
func TestCancelledWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t, "a:1")
		s.transport = roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("broken") })
		p := policy(10)
		p.Timeout = time.Minute
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(15*time.Millisecond, cancel)
		began := time.Now()
		_, err := ask(ctx, s.Client(p), "GET", products, "")
		if took := time.Since(began); took > 15*time.Millisecond || err == nil || s.counted().Attempts != 2 {
			t.Errorf("%v after %s and %d tries", err, took, s.counted().Attempts)
		}
	})
}
