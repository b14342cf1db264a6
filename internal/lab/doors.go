package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"figlab/internal/history"
)

// doors is the lab's client for what stands behind the shop: audit, ledgers, the strangler's routes and feed. Everything is bounded in
// time and size.
type doors struct {
	http  *http.Client
	token string
}

func newDoors(token string) doors {
	return doors{http: &http.Client{Timeout: 10 * time.Second}, token: token}
}

const maxAnswer = 256 << 20

// call sends a request with the admin token and decodes a 200 into out.
func (d doors) call(ctx context.Context, method, url string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("%s %s: %w", method, url, err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, url, err)
	}
	req.Header.Set("Authorization", "Bearer "+d.token)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := d.http.Do(req)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, url, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, url, err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s: %s", method, url, resp.Status, bytes.TrimSpace(answer[:min(len(answer), 300)]))
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s %s: %w", method, url, err)
	}
	return nil
}

// facts reads the stores: the monolith's audit door and the ledgers of the partners. The addresses are host:port.
func (d doors) facts(ctx context.Context, monolithAdmin, provider, carrier string) (f history.Facts, err error) {
	if err := d.call(ctx, http.MethodGet, "http://"+monolithAdmin+"/audit", nil, &f); err != nil {
		return f, err
	}
	if err := d.call(ctx, http.MethodGet, "http://"+provider+"/provider/ledger", nil, &f.Provider); err != nil {
		return f, err
	}
	if err := d.call(ctx, http.MethodGet, "http://"+carrier+"/carrier/ledger", nil, &f.Carrier); err != nil {
		return f, err
	}
	return f, nil
}

// rest waits until the shop has nothing left to do, and returns the facts it then holds. A shop that does not come to rest within the
// bound is a finding, not an error of the harness: the facts say what is left.
func (d doors) rest(ctx context.Context, bound time.Duration, read func(context.Context) (history.Facts, error)) (history.Facts, error) {
	deadline := time.Now().Add(bound)
	for {
		f, err := read(ctx)
		if err == nil && f.Work.AtRest() || time.Now().After(deadline) {
			return f, err
		}
		if err := pause(ctx, 150*time.Millisecond); err != nil {
			return f, err
		}
	}
}

// pause waits, or returns why it may not.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
