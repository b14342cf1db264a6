package link_test

import (
	"context"
	"errors"
	"figlab/chaos/link"
	"fmt"
	"io"
	"net"
	"runtime"
	"runtime/pprof"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestCloseSaysWhatHasNotEnded: a delay longer than the watchdog holds data that is on its way.
func TestCloseSaysWhatHasNotEnded(t *testing.T) {
	s, err := link.Open(t.Context(), []link.Spec{{ID: name, Listen: "127.0.0.1:0", Target: echo(t)}})
	if err != nil {
		t.Fatal(err)
	}
	l, _ := s.Link(name)
	c := dial(t, l)
	ping(t, c)
	if err := l.Add(t.Context(), latency("upstream")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "on its way"); err != nil {
		t.Fatal(err)
	}
	for l.Counts().BytesUp < 15 {
		runtime.Gosched()
	}
	l.Bound(delay / 10)
	for range 2 {
		if err := s.Close(context.Background()); !errors.Is(err, link.ErrWedged) {
			t.Errorf("closed: %v", err)
		}
	}
}

func TestTakenPort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	free := serve(t, func(net.Conn) {})
	first := link.Spec{ID: "client->strangler", Listen: freePort(t), Target: free}
	_, err = link.Open(t.Context(), []link.Spec{first, {ID: name, Listen: taken.Addr().String(), Target: free}})
	if want := fmt.Sprintf("open link %s on %s: ", name, taken.Addr()); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s…", err, want)
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("the cause is lost: %v", err)
	}
	again, err := net.Listen("tcp", first.Listen)
	if err != nil {
		t.Fatalf("the links before were left open: %v", err)
	}
	_ = again.Close()
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func TestSpecsThatCannotBe(t *testing.T) {
	self := freePort(t)
	ok := link.Spec{ID: name, Listen: "127.0.0.1:0", Target: "127.0.0.1:1"}
	for why, specs := range map[string][]link.Spec{
		"call itself":  {{ID: name, Listen: self, Target: self}},
		"no id":        {{Listen: ok.Listen, Target: ok.Target}},
		"taken":        {ok, ok},
		"missing port": {{ID: name, Listen: ok.Listen, Target: "127.0.0.1"}},
	} {
		if _, err := link.Open(t.Context(), specs); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", why, err)
		}
	}
}

// TestNothingIsLeft: hot connections in both directions, behind a delay, and then a set that is closed.
func TestNothingIsLeft(t *testing.T) {
	target := echo(t)
	s, err := link.Open(t.Context(), []link.Spec{{ID: name, Listen: "127.0.0.1:0", Target: target}})
	if err != nil {
		t.Fatal(err)
	}
	l, _ := s.Link(name)
	if err := l.Add(t.Context(), latency("downstream")); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		c := dial(t, l)
		go func() { _, _ = io.Copy(c, zeros{}) }() // nobody reads what comes back
		if _, err := io.ReadFull(c, make([]byte, 64<<10)); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := s.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Heal(t.Context()); !errors.Is(err, link.ErrClosed) {
		t.Errorf("healing a closed link: %v", err)
	}
	again, err := net.Listen("tcp", l.Listen())
	if err != nil {
		t.Fatalf("the port was not given back: %v", err)
	}
	_ = again.Close()
	soon, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for stacks := ""; ; {
		if stacks = left(); stacks == "" {
			return
		}
		select {
		case <-look.C:
		case <-soon.Done():
			t.Fatalf("goroutines are left:\n%s", stacks)
		}
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

// left returns the stacks of goroutines that run code of links or of toxiproxy, apart from tests'.
func left() string {
	var all strings.Builder
	_ = pprof.Lookup("goroutine").WriteTo(&all, 1)
	var found []string
	for _, stack := range strings.Split(all.String(), "\n\n") {
		if strings.Contains(stack, "toxiproxy") || strings.Contains(stack, "figlab/chaos/link.(") {
			found = append(found, stack)
		}
	}
	return strings.Join(found, "\n\n")
}
