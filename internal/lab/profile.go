package lab

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/pprof/profile"
)

// longestProfile is how long a process lets itself be profiled at most.
const longestProfile = 30 * time.Second

// profiles takes a CPU profile of every process that has a door for it, all over the same time, while something is done. It returns when
// that is done and all profiles are here, by process, or with the first thing that went wrong.
func (s *shop) profiles(ctx context.Context, lasting time.Duration, do func(context.Context) error) (map[string]*profile.Profile, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	taken := map[string]*profile.Profile{}
	var mu sync.Mutex
	var flying sync.WaitGroup
	for _, process := range s.at.Processes {
		door := s.processes[process.Name].Addresses().Admin
		if door == "" {
			continue
		}
		flying.Go(func() {
			p, err := s.doors.profile(ctx, door, lasting)
			if err != nil {
				cancel(err)
			}
			mu.Lock()
			defer mu.Unlock()
			taken[process.Name] = p
		})
	}
	if err := do(ctx); err != nil {
		cancel(err)
	}
	flying.Wait()
	return taken, context.Cause(ctx)
}

// profile asks one process for its CPU profile.
func (d doors) profile(ctx context.Context, door string, lasting time.Duration) (p *profile.Profile, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("profile of %s: %w", door, err)
		}
	}()
	client := *d.http
	client.Timeout += lasting
	url := fmt.Sprintf("http://%s/profile?seconds=%d", door, int(math.Ceil(lasting.Seconds())))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+d.token)
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %.300s", resp.Status, answer)
	}
	return profile.ParseData(answer)
}

// apportion says how much CPU a profile saw each part take.
func apportion(p *profile.Profile) (map[string]time.Duration, error) {
	cpu := slices.IndexFunc(p.SampleType, func(v *profile.ValueType) bool { return v.Type == "cpu" && v.Unit == "nanoseconds" })
	if cpu < 0 {
		return nil, fmt.Errorf("the profile is not of CPU time: %v", p.SampleType)
	}
	parts := map[string]time.Duration{}
	for _, s := range p.Sample {
		parts[classify(stack(s))] += time.Duration(s.Value[cpu])
	}
	delete(parts, unbilled)
	return parts, nil
}

// stack lists the functions of a sample, the one that ran first, those inlined into others included.
func stack(s *profile.Sample) (names []string) {
	for _, at := range s.Location {
		for _, line := range at.Line {
			if line.Function != nil {
				names = append(names, line.Function.Name)
			}
		}
	}
	return names
}
