package compare

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// A Pair sends the same requests to two targets in turn, A B A B …, each at Rate requests per second on a fixed schedule.
type Pair struct {
	Client   *http.Client
	A, B     func(i int) string // URL of request i
	Rate     int                // requests per second to each
	Duration time.Duration
}

// Latencies are sorted times from the scheduled arrival to the last byte of the body.
type Latencies []time.Duration

// Quantile returns the value below which the share q of the latencies lies, by nearest rank; 0 when there are none.
func (l Latencies) Quantile(q float64) time.Duration {
	if len(l) == 0 {
		return 0
	}
	return l[min(int(q*float64(len(l))), len(l)-1)]
}

// Run sends the requests and returns both distributions. A request that does not answer 200 ends the measurement with an error.
func (p Pair) Run(ctx context.Context) (a, b Latencies, err error) {
	gap := time.Second / time.Duration(2*p.Rate)
	n := int(p.Duration / gap)
	took := make([]time.Duration, n)
	errs := make(chan error, n)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var flying sync.WaitGroup
	defer flying.Wait()

	start := time.Now()
	for i := range n {
		due := start.Add(time.Duration(i) * gap)
		if err := wait(ctx, time.Until(due)); err != nil {
			return nil, nil, err
		}
		url := p.A
		if i%2 == 1 {
			url = p.B
		}
		flying.Go(func() {
			if err := get(ctx, p.Client, url(i/2)); err != nil {
				errs <- err
				cancel()
			}
			took[i] = time.Since(due)
		})
	}
	flying.Wait()
	select {
	case err := <-errs:
		return nil, nil, err
	default:
	}
	for i, d := range took {
		if i%2 == 0 {
			a = append(a, d)
		} else {
			b = append(b, d)
		}
	}
	slices.Sort(a)
	slices.Sort(b)
	return a, b, nil
}

// Ceiling keeps conns connections busy for the duration and returns how many requests were answered with 200. It is a closed loop: it
// finds how much work a request is, not how long a user waits.
func Ceiling(ctx context.Context, client *http.Client, url func(i int) string, conns int, d time.Duration) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	counts := make([]int64, conns)
	errs := make([]error, conns)
	var callers sync.WaitGroup
	for c := range conns {
		callers.Go(func() {
			for i := c; ctx.Err() == nil; i += conns {
				err := get(ctx, client, url(i))
				if err != nil && ctx.Err() == nil {
					errs[c] = err
					return
				}
				counts[c]++
			}
		})
	}
	callers.Wait()
	var total int64
	for c := range conns {
		if errs[c] != nil {
			return 0, errs[c]
		}
		total += counts[c]
	}
	return total, nil
}

func get(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return fmt.Errorf("compare: GET %s: %w", url, err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("compare: GET %s answered %s", url, resp.Status)
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("compare: %w", ctx.Err())
	}
}
