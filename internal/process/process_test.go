package process_test

import (
	"bytes"
	"context"
	"errors"
	"figlab/internal/process"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A diary is what parts do, in order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

func (d *diary) part(name string) process.Part {
	return process.Part{Name: name, Run: func(ctx context.Context) error {
		<-ctx.Done()
		d.note(name)
		return ctx.Err()
	}}
}

// TestPartsStopInReverse: one after the other, the last one first.
func TestPartsStopInReverse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, stop)
		if err := process.Run(ctx, time.Second, d.part("store"), d.part("relay"), d.part("server")); err != nil {
			t.Error(err)
		}
		if got := strings.Join(d.lines, " "); got != "server relay store" {
			t.Errorf("they stopped as %q", got)
		}
	})
}

// TestOneFailureStopsAll, and is told with the part's name; so is an end nobody asked for.
func TestOneFailureStopsAll(t *testing.T) {
	broken := errors.New("broken")
	for want, end := range map[string]error{"relay: broken": broken, "relay: ended by itself": nil} {
		synctest.Test(t, func(t *testing.T) {
			var d diary
			relay := process.Part{Name: "relay", Run: func(context.Context) error { return end }}
			err := process.Run(t.Context(), time.Second, d.part("store"), relay, d.part("server"))
			if err == nil || !strings.Contains(err.Error(), want) || len(d.lines) != 2 {
				t.Errorf("got %v after %v, want %s", err, d.lines, want)
			}
		})
	}
}

// TestGrace: a part that does not stop is named, and does not keep the others from stopping.
func TestGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		free := make(chan struct{})
		stuck := process.Part{Name: "stuck", Run: func(context.Context) error { <-free; return nil }}
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, stop)
		start := time.Now()
		err := process.Run(ctx, 3*time.Second, d.part("store"), stuck)
		if !errors.Is(err, process.ErrGrace) || !strings.Contains(err.Error(), "stuck") || len(d.lines) != 1 {
			t.Errorf("got %v after %v", err, d.lines)
		}
		if took := time.Since(start); took != 4*time.Second {
			t.Errorf("it took %s, want a second and the grace of three", took)
		}
		close(free)
	})
}

// TestServeDrains: a request under way is finished, a connection that never asked is not waited for.
func TestServeDrains(t *testing.T) {
	l := listen(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- process.Run(ctx, 6*time.Second, process.Serve("shop", l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(entered)
			<-leave
			_, _ = io.WriteString(w, "whole")
		})))
	}()
	silent, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	answer := make(chan string, 1)
	go func() {
		resp, err := http.Get("http://" + l.Addr().String())
		if err != nil {
			answer <- err.Error()
			return
		}
		defer func() { _ = resp.Body.Close() }()
		b, _ := io.ReadAll(resp.Body)
		answer <- string(b)
	}()
	<-entered
	stop()
	start := time.Now()
	time.AfterFunc(50*time.Millisecond, func() { close(leave) })
	if got := <-answer; got != "whole" {
		t.Errorf("the request under way got %q", got)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("stopping took %s: it waited for a connection that never asked", took)
	}
}

// TestAdmin: health is for anyone, the rest for whoever has the token; without a token it is for nobody.
func TestAdmin(t *testing.T) {
	notReady := errors.New("no monolith yet")
	a := process.NewAdmin("secret", func() error { return notReady })
	a.Handle("/audit", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "facts") }))
	open := process.NewAdmin("", func() error { return nil })
	for _, c := range []struct {
		admin       *process.Admin
		path, token string
		want        int
	}{
		{a, "/healthz", "", 200},
		{a, "/readyz", "", 503},
		{a, "/audit", "", 401},
		{a, "/audit", "Bearer wrong", 401},
		{a, "/audit", "secret", 401},
		{a, "/audit", "Bearer secret", 200},
		{a, "/nothing", "Bearer secret", 404},
		{open, "/readyz", "", 200},
		{open, "/audit", "Bearer ", 401},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, c.path, nil)
		if c.token != "" {
			r.Header.Set("Authorization", c.token)
		}
		c.admin.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s with %q: %d, want %d", c.path, c.token, w.Code, c.want)
		}
	}
}

// TestLinks: a call to a real address goes over the link that belongs to it, any other straight.
func TestLinks(t *testing.T) {
	there, via := listen(t), listen(t)
	links := process.Links{}
	if err := links.Set(there.Addr().String() + "=" + via.Addr().String()); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "a", "a=", "=b"} {
		if err := links.Set(bad); err == nil {
			t.Errorf("link %q was taken", bad)
		}
	}
	deps := process.Real("test", links, io.Discard)
	for _, to := range []net.Listener{there, via} {
		c, err := deps.Dial(t.Context(), "tcp", to.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if got := c.RemoteAddr().String(); got != via.Addr().String() {
			t.Errorf("a call to %s went to %s", to.Addr(), got)
		}
		_ = c.Close()
	}
}

// TestLeash: the end of the pipe is the end of the process's context.
func TestLeash(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = read.Close() }()
	ctx, cancel := process.Leash(t.Context(), read)
	defer cancel()
	if ctx.Err() != nil {
		t.Error("it ended before the pipe did")
	}
	_ = write.Close()
	select {
	case <-ctx.Done():
	case <-time.After(5 * time.Second):
		t.Error("the pipe ended and nothing happened")
	}
}

func TestAnnounce(t *testing.T) {
	var b bytes.Buffer
	if err := process.Announce(&b, process.Ready{Name: "catalog-1", Listen: "127.0.0.1:1"}); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != `{"name":"catalog-1","listen":"127.0.0.1:1"}`+"\n" {
		t.Errorf("it said %q", got)
	}
}

func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		if err := process.Pause(t.Context(), time.Minute); err != nil || time.Since(start) != time.Minute {
			t.Errorf("%v after %s", err, time.Since(start))
		}
		why := errors.New("why")
		ctx, end := context.WithCancelCause(t.Context())
		end(why)
		if err := process.Pause(ctx, time.Minute); !errors.Is(err, why) {
			t.Errorf("%v, want the cause", err)
		}
	})
}

func TestEndToEnd(t *testing.T) {
	h := http.Header{"Connection": {"x-mine, close"}, "X-Mine": {"1"}, "Te": {"trailers"}, "Upgrade": {"h2c"}, "X-End": {"2"}}
	process.EndToEnd(h)
	if len(h) != 1 || h.Get("X-End") != "2" {
		t.Errorf("left is %v", h)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}
