package user_test

import (
	"bytes"
	"context"
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"figlab/internal/bus"
	"figlab/internal/process"
	"figlab/microservices/platform/host"
	"figlab/microservices/user"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A stand is a user service with two replicas, all that they tell, and a clock that a test may put forward.
type stand struct {
	cfg   host.Config
	a, b  *host.Host
	ahead atomic.Int64
	logs  ledger
	told  ledger
}

// ledger collects text from many at once.
type ledger struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *ledger) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *ledger) bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.text.Bytes())
}

func newStand(t *testing.T, change ...func(*host.Config)) *stand {
	t.Helper()
	s := &stand{}
	broker, err := bus.NewServer(bus.ServerConfig{Listen: "127.0.0.1:0", Data: t.TempDir()}, s.deps(t, "broker"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, broker.Run)
	s.cfg = host.Config{
		Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", AdminToken: "test", Data: t.TempDir(), Database: t.TempDir(), Store: "sqlite",
		Broker: broker.URL(), Owns: true, Seed: host.Seed{Users: 3, Seed: 1},
	}
	for _, c := range change {
		c(&s.cfg)
	}
	s.listen(t)
	var started sync.WaitGroup
	started.Go(func() { s.a = s.start(t, "user-1") })
	started.Go(func() { s.b = s.start(t, "user-2") })
	started.Wait()
	if s.a == nil || s.b == nil {
		t.FailNow()
	}
	for _, h := range []*host.Host{s.a, s.b} {
		run(t, h.Run)
	}
	return s
}

func (s *stand) start(t *testing.T, name string) *host.Host {
	h, err := user.New(t.Context(), s.cfg, s.deps(t, name))
	if err != nil {
		t.Error(err)
	}
	return h
}

// listen keeps every event on the bus, one a line.
func (s *stand) listen(t *testing.T) {
	t.Helper()
	deps := s.deps(t, "listener")
	b, err := bus.Dial(deps, s.cfg.Broker)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	run(t, b.Consume("listener", []string{"shop.user.user-registered"}, func(_ context.Context, m bus.Message) error {
		_, err := s.told.Write(append(m.Data, '\n'))
		return err
	}).Run)
}

func (s *stand) deps(t *testing.T, name string) process.Deps {
	t.Helper()
	d := process.Real(name, nil, t.Output())
	d.Now = func() time.Time { return time.Now().Add(time.Duration(s.ahead.Load())) }
	d.Log = slog.New(slog.NewTextHandler(io.MultiWriter(t.Output(), &s.logs), &slog.HandlerOptions{Level: slog.LevelDebug}))
	return d
}

func (s *stand) pass(d time.Duration) { s.ahead.Add(int64(d)) }

func (s *stand) audit(t *testing.T) (users []string) {
	t.Helper()
	var a internalapi.Audit
	ask{t, s.b.AdminAddr(), "GET", "/audit", "test", nil}.ok(200, &a)
	return a.Users
}

// await returns the events once there are n, or what is there after three seconds.
func (s *stand) await(t *testing.T, n int) (events []internalapi.Event) {
	t.Helper()
	for end := time.Now().Add(3 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		lines := bytes.Split(bytes.TrimSpace(s.told.bytes()), []byte("\n"))
		if len(lines) < n && time.Now().Before(end) {
			continue
		}
		for _, line := range lines {
			var e internalapi.Event
			if err := json.Unmarshal(line, &e); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			events = append(events, e)
		}
		return events
	}
}

func run(t *testing.T, process func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := process(ctx); err != nil {
			t.Errorf("did not end cleanly: %v", err)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
}

// ask is a request.
type ask struct {
	t                         *testing.T
	addr, method, path, token string
	in                        any
}

// ok decodes the answer, which must have the status.
func (a ask) ok(status int, out any) {
	a.t.Helper()
	got, b := a.do()
	if got != status {
		a.t.Errorf("%s %s answered %d %s, want %d", a.method, a.path, got, b, status)
		return
	}
	if out != nil {
		if err := json.Unmarshal(b, out); err != nil {
			a.t.Errorf("%s %s: %s: %v", a.method, a.path, b, err)
		}
	}
}

// refused checks that the answer is a problem.
func (a ask) refused(status int, code string) {
	a.t.Helper()
	if got, b := a.do(); got != status || !bytes.Contains(b, []byte(code)) {
		a.t.Errorf("%s %s answered %d %s, want %d %s", a.method, a.path, got, b, status, code)
	}
}

func (a ask) do() (status int, body []byte) {
	a.t.Helper()
	var in []byte
	if a.in != nil {
		var err error
		if in, err = json.Marshal(a.in); err != nil {
			a.t.Error(err)
		}
	}
	req, err := http.NewRequestWithContext(a.t.Context(), a.method, "http://"+a.addr+a.path, bytes.NewReader(in))
	if err != nil {
		a.t.Error(err)
		return 0, nil
	}
	if a.in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Error(err)
		return 0, nil
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Error(err)
	}
	return resp.StatusCode, b
}

func signIn(t *testing.T, at *host.Host, email, password string) (s shopapi.Session) {
	t.Helper()
	ask{t, at.Addr(), "POST", "/sessions", "", shopapi.Credentials{Email: email, Password: password}}.ok(201, &s)
	return s
}
