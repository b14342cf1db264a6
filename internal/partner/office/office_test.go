package office_test

import (
	"context"
	"errors"
	"figlab/internal/partner/office"
	"figlab/internal/process"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/labstack/echo/v4"
)

func deps(t *testing.T) process.Deps {
	t.Helper()
	d := process.Real("test", nil, t.Output())
	d.Log = slog.New(slog.DiscardHandler)
	return d
}

func nothing(*echo.Echo) {}

// TestOpenWorkReopen: an office answers, stops its server before the company's own parts, and finds its entries again.
func TestOpenWorkReopen(t *testing.T) {
	cfg := office.Config{Name: "company", Listen: "127.0.0.1:0", Data: t.TempDir()}
	o, entries, err := office.Open[int](cfg, deps(t), nothing)
	if err != nil || len(entries) != 0 {
		t.Fatalf("a new office: %v, %v", entries, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	stopped := make(chan error, 1)
	go func() {
		done <- o.Run(ctx, process.Part{Name: "work", Run: func(ctx context.Context) error {
			<-ctx.Done()
			_, err := net.Dial("tcp", o.Addr())
			stopped <- err
			return nil
		}})
	}()
	resp, err := http.Get("http://" + o.Addr() + "/nothing")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	for i := range 3 {
		if err := o.Append(i); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-stopped; err == nil {
		t.Error("the server took work while what it needs was stopping")
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := o.Append(4); err == nil {
		t.Error("the ledger is open after the end")
	}
	o, entries, err = office.Open[int](cfg, deps(t), nothing)
	if err != nil || !slices.Equal(entries, []int{0, 1, 2}) {
		t.Fatalf("opened again: %v, %v", entries, err)
	}
	end(t, o)
}

// end stops an office that is not used any more.
func end(t *testing.T, o *office.Office[int]) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.Run(ctx); err != nil {
		t.Error(err)
	}
}

// TestOpenFails: an address in use and a ledger nobody can read are errors that leave nothing open.
func TestOpenFails(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	cfg := office.Config{Name: "company", Listen: taken.Addr().String(), Data: t.TempDir()}
	var used *net.OpError
	if _, _, err := office.Open[int](cfg, deps(t), nothing); !errors.As(err, &used) {
		t.Errorf("with a taken address: %v", err)
	}
	cfg.Listen = "127.0.0.1:0"
	if err := os.WriteFile(filepath.Join(cfg.Data, "company.jsonl"), []byte("half a li\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := office.Open[int](cfg, deps(t), nothing); err == nil {
		t.Error("an unreadable ledger was opened")
	}
}
