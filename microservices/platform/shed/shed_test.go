package shed_test

import (
	"context"
	"encoding/json"
	"figlab/api/contract"
	"figlab/api/problem"
	"figlab/microservices/platform/shed"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A stand is a service whose work takes as long as the request says, behind a shedder.
type stand struct {
	*shed.Shedder
	handler http.Handler
	began   time.Time

	mu        sync.Mutex
	now, most int
	order     []string
	all       sync.WaitGroup
}

func newStand(o shed.Options) *stand {
	s := &stand{Shedder: shed.New(o), began: time.Now()}
	s.handler = s.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.now++
		s.most = max(s.most, s.now)
		s.order = append(s.order, r.URL.Path[1:])
		s.mu.Unlock()
		defer func() {
			s.mu.Lock()
			s.now--
			s.mu.Unlock()
		}()
		took, _ := time.ParseDuration(r.URL.Query().Get("takes"))
		time.Sleep(took)
		w.Header().Set("Saw-Budget", r.Header.Get(shed.Budget))
		if r.URL.Path == "/panic" {
			panic(http.ErrAbortHandler)
		}
	}))
	return s
}

// An asked request is answered at some time.
type asked struct {
	*httptest.ResponseRecorder
	after time.Duration // since the stand began
}

func request(name string, takes time.Duration, budget string) *http.Request {
	r := httptest.NewRequest("POST", "/"+name+"?takes="+takes.String(), nil)
	r.Header.Set(contract.RequestID, "request-"+name)
	if budget != "" {
		r.Header.Set(shed.Budget, budget)
	}
	return r
}

// send asks without waiting for the answer; it returns when the request has done all it can do at this moment.
func (s *stand) send(r *http.Request) *asked {
	a := &asked{ResponseRecorder: httptest.NewRecorder()}
	s.all.Go(func() {
		defer func() {
			_ = recover()
			a.after = time.Since(s.began)
		}()
		s.handler.ServeHTTP(a.ResponseRecorder, r)
	})
	synctest.Wait()
	return a
}

func (s *stand) ask(name string, takes time.Duration) *asked { return s.send(request(name, takes, "")) }

func (a *asked) want(t *testing.T, status int, code string, after time.Duration) {
	t.Helper()
	var d problem.Document
	if status != 200 {
		if err := json.Unmarshal(a.Body.Bytes(), &d); err != nil {
			t.Errorf("answered %d %s", a.Code, a.Body)
		}
	}
	if a.Code != status || d.Type != code || a.after != after {
		t.Errorf("answered %d %s after %s, want %d %s after %s", a.Code, d.Type, a.after, status, code, after)
	}
}

const (
	overloaded = "urn:figlab:problem:overloaded"
	spent      = "urn:figlab:problem:budget-spent"
	ms         = time.Millisecond
)

// TestTurns: so many at once, so many wait in order, the rest is refused at once.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(shed.Options{Most: 2, Wait: 3})
		a, b := s.ask("a", 10*ms), s.ask("b", 15*ms)
		c, d, e := s.ask("c", 20*ms), s.ask("d", 20*ms), s.ask("e", 20*ms)
		f := s.ask("f", 0)
		f.want(t, 503, overloaded, 0)
		s.all.Wait()
		for i, done := range []time.Duration{10, 15, 30, 35, 50} {
			[]*asked{a, b, c, d, e}[i].want(t, 200, "", done*ms)
		}
		if want := []string{"a", "b", "c", "d", "e"}; !slices.Equal(s.order, want) || s.most != 2 {
			t.Errorf("%v got turns, %d at once; want %v, 2 at once", s.order, s.most, want)
		}
		if got, want := s.Stats(), (shed.Stats{Admitted: 5, Waited: 3, Shed: 1}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		s.ask("g", 0).want(t, 200, "", 50*ms)
	})
}

// TestRefusal: a refusal looks like the others of the shop.
func TestRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(shed.Options{Name: "cart-1", Most: 1, Wait: -1})
		s.ask("a", ms)
		for _, c := range []struct {
			budget, code, retry string
			status              int
		}{{"", overloaded, "1", 503}, {"0", spent, "", 504}, {"-5", spent, "", 504}} {
			got := s.send(request("b", 0, c.budget))
			got.want(t, c.status, c.code, 0)
			h := got.Header()
			var d problem.Document
			_ = json.Unmarshal(got.Body.Bytes(), &d)
			if h.Get(contract.NotExecuted) != "1" || h.Get("Retry-After") != c.retry || h.Get(contract.RequestID) != "request-b" ||
				h.Get(contract.ServedBy) != "cart-1" || h.Get("Content-Type") != problem.ContentType || d.RequestID != "request-b" || d.Detail == "" {
				t.Errorf("%v, %+v", h, d)
			}
		}
		s.all.Wait()
		s.send(request("c", 0, "0")).want(t, 504, spent, ms) // also when there is nothing else to do
		if got, want := s.Stats(), (shed.Stats{Admitted: 1, Shed: 4}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

// TestPatience: nobody waits for longer than the shedder's patience, or its own caller's.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(shed.Options{Most: 1})
		s.ask("a", 70*ms)
		patient := s.ask("patient", 200*ms)
		hurried, unhurried := s.send(request("hurried", 0, "30")), s.send(request("unhurried", 0, "1000"))
		odd := s.send(request("odd", 0, "many"))
		s.all.Wait()
		patient.want(t, 200, "", 270*ms)
		hurried.want(t, 504, spent, 30*ms)
		unhurried.want(t, 503, overloaded, 100*ms)
		odd.want(t, 503, overloaded, 100*ms)
	})
}

// TestBudgetShrinks: the time spent waiting is gone.
func TestBudgetShrinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(shed.Options{Most: 1})
		first := s.send(request("a", 40*ms, "77"))
		second, none := s.send(request("b", 0, "50")), s.ask("c", 0)
		s.all.Wait()
		for a, want := range map[*asked]string{first: "77", second: "10", none: ""} {
			if got := a.Header().Get("Saw-Budget"); a.Code != 200 || got != want {
				t.Errorf("%d, went on with a budget of %q, want %q", a.Code, got, want)
			}
		}
		// A turn that comes with the last of the budget is passed on.
		s.ask("d", 40*ms)
		late := s.send(request("late", 0, "40"))
		next := s.ask("next", 0)
		s.all.Wait()
		late.want(t, 504, spent, 80*ms)
		next.want(t, 200, "", 80*ms)
	})
}

// TestGone: who leaves the queue leaves its place to the next.
func TestGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(shed.Options{Most: 1, Wait: 2})
		s.ask("a", 50*ms)
		ctx, leave := context.WithCancel(t.Context())
		s.send(request("gone", 0, "").WithContext(ctx))
		b := s.ask("b", 0)
		leave()
		synctest.Wait()
		c := s.ask("c", 0)
		s.all.Wait()
		b.want(t, 200, "", 50*ms)
		c.want(t, 200, "", 50*ms)
		if slices.Contains(s.order, "gone") {
			t.Error("the request of a caller that is gone was executed")
		}
	})
}

// TestPanic: a handler that panics gives its turn back.
func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(shed.Options{Most: 1})
		s.ask("panic", 10*ms)
		b := s.ask("b", 0)
		s.all.Wait()
		b.want(t, 200, "", 10*ms)
	})
}

func TestExempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(shed.Options{Most: 1, Wait: -1, Exempt: func(r *http.Request) bool { return r.URL.Path == "/healthz" }})
		s.ask("a", 10*ms)
		s.send(request("healthz", 0, "0")).want(t, 200, "", 0)
		s.ask("b", 0).want(t, 503, overloaded, 0)
		s.all.Wait()
		if got, want := s.Stats(), (shed.Stats{Admitted: 1, Shed: 1}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

// flood sends requests at this interval, and returns how long those that were answered well took on the average, and what part was.
func (s *stand) flood(n int, every, takes time.Duration) (mean time.Duration, good float64) {
	var sum, count atomic.Int64
	for i := range n {
		at := time.Now()
		a := httptest.NewRecorder()
		s.all.Go(func() {
			s.handler.ServeHTTP(a, request(strconv.Itoa(i), takes, ""))
			if a.Code == 200 {
				sum.Add(int64(time.Since(at)))
				count.Add(1)
			}
		})
		time.Sleep(every)
	}
	s.all.Wait()
	return time.Duration(sum.Load() / max(count.Load(), 1)), float64(count.Load()) / float64(n)
}

// TestStandingQueue: under a lasting overload the queue is kept short, though there is room and patience for a long one, and the service
// is kept busy all the same.
func TestStandingQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(shed.Options{Most: 10, Wait: 100, Patience: time.Second})
		mean, good := s.flood(6000, ms/2, 10*ms) // twice as much as it can do
		if good < 0.48 {
			t.Errorf("%.0f %% were answered well, want what it can do: 50 %%", 100*good)
		}
		if mean > 80*ms { // 110 ms with a queue that is always full
			t.Errorf("an answer took %s, though the work takes 10 ms: the queue stands", mean)
		}
	})
}

// TestStuck: when nothing ends, nobody who has to wait for long gets a turn, and so newcomers are soon refused at once.
func TestStuck(t *testing.T) {
	for name, patience := range map[string]time.Duration{"patient": 10 * time.Second, "impatient": 50 * ms} {
		want := int64(20)
		if name == "impatient" {
			want = 19 // the queue has emptied: one may try
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStand(shed.Options{Most: 1, Wait: 1000, Patience: patience})
				s.ask("a", time.Minute)
				for range 250 {
					s.ask("b", 0)
					s.send(request("hurried", 0, "5")) // leaves early, which says nothing about the queue
					time.Sleep(ms)
				}
				time.Sleep(60 * ms)
				before := s.Stats().Shed
				for range 20 {
					s.ask("c", 0)
				}
				if n := s.Stats().Shed - before; n != want {
					t.Errorf("%d of 20 were refused at once, want %d", n, want)
				}
				s.all.Wait()
			})
		})
	}
}

// TestBurst: a burst is evened out, however many come after it, and whatever was long ago.
func TestBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(shed.Options{Most: 1, Wait: 50, Patience: time.Second})
		for range 3 {
			s.flood(2000, ms, 2*ms) // the queue stands at the end
			for _, pause := range []time.Duration{50 * ms, time.Minute} {
				for range 5 { // little to do, nobody waits
					s.ask("calm", ms)
					time.Sleep(pause)
				}
				before := s.Stats().Shed
				for range 40 {
					s.ask("burst", ms)
				}
				s.all.Wait()
				if n := s.Stats().Shed - before; n != 0 {
					t.Errorf("%d of a burst of 40 were refused after %s", n, pause)
				}
			}
		}
	})
}

// TestBusy: a queue that gets short now and then does its work, however long its longest waits are.
func TestBusy(t *testing.T) {
	for name, c := range map[string]struct {
		first, takes, every time.Duration
		n                   int
	}{
		"never empty": {10 * ms, 5 * ms, 60 * ms, 12}, // waits of 10 to 65 ms
		"empty":       {0, 30 * ms, 150 * ms, 3},      // one at once, then waits of 30 and 60 ms
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStand(shed.Options{Most: 1})
				s.ask("first", c.first)
				for range 20 {
					for range c.n {
						s.ask("next", c.takes)
					}
					time.Sleep(c.every)
				}
				s.all.Wait()
				if n := s.Stats().Shed; n != 0 {
					t.Errorf("%d were refused", n)
				}
			})
		})
	}
}

// TestLongAgo: a long wait says nothing about a time in which nobody waited.
func TestLongAgo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(shed.Options{Most: 1})
		s.ask("a", 5*time.Second)
		s.ask("impatient", 0)
		time.Sleep(5*time.Second - ms)
		b, c := s.ask("b", 0), s.ask("c", 0)
		s.all.Wait()
		b.want(t, 200, "", 5*time.Second)
		c.want(t, 200, "", 5*time.Second)
	})
}

// TestTogether: with real threads, never more than allowed are under way, and all turns come back.
func TestTogether(t *testing.T) {
	const most = 3
	s := shed.New(shed.Options{Most: most, Wait: 4, Patience: 200 * time.Microsecond})
	var now, seen, served atomic.Int64
	h := s.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if n := now.Add(1); n > seen.Load() {
			seen.Store(n)
		}
		for range 200 {
			now.Load()
		}
		served.Add(1)
		now.Add(-1)
	}))
	var all sync.WaitGroup
	const callers, each = 12, 2000
	for g := range callers {
		all.Go(func() {
			for i := range each {
				ctx, cancel := context.WithCancel(t.Context())
				if (g+i)%7 == 0 {
					go cancel()
				}
				h.ServeHTTP(httptest.NewRecorder(), request("a", 0, "").WithContext(ctx))
				cancel()
			}
		})
	}
	all.Wait()
	got := s.Stats()
	if seen.Load() > most || got.Admitted != served.Load() || got.Admitted+got.Shed != callers*each || now.Load() != 0 {
		t.Errorf("%d at once, %d served, %+v", seen.Load(), served.Load(), got)
	}
	synctest.Test(t, func(t *testing.T) { // all turns are there again, and no more than that
		var in atomic.Int64
		stay := make(chan struct{})
		h := s.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { in.Add(1); <-stay }))
		for range most + 2 {
			go h.ServeHTTP(httptest.NewRecorder(), request("a", 0, "1"))
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n := in.Load(); n != most {
			t.Errorf("%d turns are there in the end, want %d", n, most)
		}
		close(stay)
	})
}

type nowhere struct{}

func (nowhere) Header() http.Header         { return nil }
func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) WriteHeader(int)             {}

func idle() (http.Handler, *http.Request) {
	h := shed.New(shed.Options{}).Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	return h, request("a", 0, "250")
}

// TestIdleDoesNotAllocate holds what the benchmark shows.
func TestIdleDoesNotAllocate(t *testing.T) {
	h, r := idle()
	if n := testing.AllocsPerRun(100, func() { h.ServeHTTP(nowhere{}, r) }); n != 0 {
		t.Errorf("a turn allocates %v times", n)
	}
}

func BenchmarkIdle(b *testing.B) {
	h, r := idle()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			h.ServeHTTP(nowhere{}, r)
		}
	})
}

func BenchmarkRefusal(b *testing.B) {
	h, r := idle()
	r.Header.Set(shed.Budget, "0")
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
}
