package process_test

import (
	"bytes"
	"context"
	"figlab/internal/process"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime/pprof"
	"testing"
	"time"
)

// TestProfile: who has the token gets a profile, one at a time, for a bounded while; and it ends with whoever asked.
func TestProfile(t *testing.T) {
	a := process.NewAdmin("secret", func() error { return nil })
	ask := func(ctx context.Context, path, token string) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		a.ServeHTTP(w, r)
		return w
	}
	for path, want := range map[string]int{
		"/profile": 400, "/profile?seconds=0": 400, "/profile?seconds=31": 400, "/profile?seconds=a": 400, "/profile?seconds=1.5": 400,
	} {
		if w := ask(t.Context(), path, "secret"); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
	if w := ask(t.Context(), "/profile?seconds=1", "wrong"); w.Code != http.StatusUnauthorized {
		t.Errorf("without the token: %d", w.Code)
	}

	if err := pprof.StartCPUProfile(io.Discard); err != nil {
		t.Fatal(err)
	}
	w := ask(t.Context(), "/profile?seconds=1", "secret")
	pprof.StopCPUProfile()
	if w.Code != http.StatusConflict {
		t.Errorf("while another is taken: %d", w.Code)
	}

	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	start := time.Now()
	if w := ask(short, "/profile?seconds=30", "secret"); w.Code != http.StatusServiceUnavailable || time.Since(start) > 10*time.Second {
		t.Errorf("with nobody waiting any more: %d after %s", w.Code, time.Since(start))
	}
}

// TestProfileOutlastsReading: a profile may take longer than a server waits for a request to be read.
func TestProfileOutlastsReading(t *testing.T) {
	server := httptest.NewUnstartedServer(process.NewAdmin("secret", func() error { return nil }))
	server.Config.ReadTimeout = 200 * time.Millisecond
	server.Start()
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/profile?seconds=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer secret")
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.Body.Close() != nil || resp.StatusCode != http.StatusOK || !bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		t.Errorf("status %d, %d bytes, %v: %.100q", resp.StatusCode, len(b), err, b)
	}
}
