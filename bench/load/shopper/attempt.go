package shopper

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"figlab/api/contract"
	"figlab/api/problem"
	"figlab/internal/history"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 4 << 20

// newClient returns the browser of one shopper. Each has its own, as people do: faults that strike connections strike a share of them.
func newClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{}).DialContext,
			MaxIdleConnsPerHost: 1,
			IdleConnTimeout:     30 * time.Second,
			DisableCompression:  true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// attempt sends one request and fills in what only the wire can tell. It returns the body of a complete answer.
func (c *Crowd) attempt(ctx context.Context, client *http.Client, q request, rec *history.Record) []byte {
	// An attempt under way is not cut off when the load is stopped: a cut would be an unknown outcome of our own making.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.cfg.Timeout)
	defer cancel()
	var tries atomic.Int64
	var wrote atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { tries.Add(1) },
		WroteHeaders: func() { wrote.Store(true) },
	})
	req, err := q.build(ctx, c.cfg.URL)
	rec.Call = c.cfg.Clock()
	var got answer
	if err == nil {
		got, err = exchange(client, req)
	}
	rec.Return = c.cfg.Clock()
	rec.Attempts, rec.Wrote = int(tries.Load()), wrote.Load()
	if err != nil {
		rec.Error = err.Error()
	}
	rec.Status, rec.Problem = got.status, got.problem()
	rec.ServedBy, rec.Degraded = got.header.Get(contract.ServedBy), got.header.Get(contract.Degraded)
	rec.Replayed = got.header.Get("Idempotent-Replayed") == "true"
	notExecuted := got.header.Get(contract.NotExecuted) == "1"
	rec.Outcome = judge(q.method != http.MethodGet, rec.Wrote, rec.Status, notExecuted, err)
	return got.body
}

// An answer is what came back, empty when nothing did.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// exchange returns the answer with its whole body, or with the error that cut it.
func exchange(client *http.Client, req *http.Request) (answer, error) {
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = errors.New("the answer is too large")
	}
	if err != nil {
		err = fmt.Errorf("read the answer: %w", err)
	}
	return answer{resp.StatusCode, resp.Header, body}, errors.Join(err, resp.Body.Close())
}

// judge says what the client knows. A write has certainly failed when nothing of it left this process, when the shop says so, or when the
// contract refuses it; anything else without a complete success may have happened.
func judge(write, wrote bool, status int, notExecuted bool, err error) history.Outcome {
	switch {
	case err == nil && status >= 200 && status < 300:
		return history.OK
	case !write, !wrote, notExecuted && status >= 400:
		return history.Fail
	case err == nil && status >= 400 && status < 500 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout:
		return history.Fail
	}
	return history.Unknown
}

// problem is the type of the problem document, if the answer is one.
func (a answer) problem() string {
	var d problem.Document
	if a.status < 400 || json.Unmarshal(a.body, &d) != nil {
		return ""
	}
	return d.Type
}

// A request is what an operation asks of the shop.
type request struct {
	method, path string
	token, key   string
	body         any // nil for none
}

func (q request) build(ctx context.Context, url string) (*http.Request, error) {
	var body io.Reader = http.NoBody
	if q.body != nil {
		b, err := json.Marshal(q.body)
		if err != nil {
			return nil, fmt.Errorf("build %s %s: %w", q.method, q.path, err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, q.method, url+q.path, body)
	if err != nil {
		return nil, fmt.Errorf("build request: %w", err)
	}
	// The transport sends a request with an Idempotency-Key again by itself when the connection breaks, unless it cannot get at the body
	// a second time. A write must leave once per record.
	if q.method != http.MethodGet {
		req.GetBody = nil
	}
	if q.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if q.token != "" {
		req.Header.Set("Authorization", "Bearer "+q.token)
	}
	if q.key != "" {
		req.Header.Set("Idempotency-Key", q.key)
	}
	return req, nil
}
