package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// doors is the lab's client for what stands behind the shop: audit, ledgers, the strangler's routes and feeds. Everything is bounded in
// time and size.
type doors struct {
	http  *http.Client
	token string
}

func newDoors(token string) doors {
	return doors{http: &http.Client{Timeout: 10 * time.Second}, token: token}
}

const maxAnswer = 256 << 20 // bytes

// call sends a request with the admin token and decodes a success into out.
func (d doors) call(ctx context.Context, method, url string, in, out any) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s %s: %w", method, url, err)
		}
	}()
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if in == nil {
		req.Body, req.ContentLength = http.NoBody, 0
	}
	req.Header.Set("Authorization", "Bearer "+d.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := d.http.Do(req)
	if err != nil {
		return errors.Unwrap(err) // what it wraps says it without the address again
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s: %s", resp.Status, bytes.TrimSpace(answer[:min(len(answer), 300)]))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}
