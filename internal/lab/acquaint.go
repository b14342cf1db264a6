package lab

import (
	"context"
	"figlab/api/internalapi"
	"figlab/internal/process"
	"figlab/internal/topology"
	"fmt"
	"net/http"
	"time"
)

// acquainted waits until every process of the microservice house knows every instance of those it calls: the registry tells within
// milliseconds, but the first shopper must not be faster.
func (s *shop) acquainted(ctx context.Context) error {
	if !s.at.Has(topology.Gateway) {
		return nil
	}
	for _, p := range s.at.Processes {
		if _, ours := topology.Asks()[p.Role]; !ours {
			continue
		}
		for {
			stranger, err := s.stranger(ctx, p)
			if err == nil && stranger == "" {
				break
			}
			if wait := process.Pause(ctx, 20*time.Millisecond); wait != nil {
				return fmt.Errorf("%s has not found %s: %w", p.Name, stranger, wait)
			}
		}
	}
	return nil
}

// stranger returns a service that a process calls and does not know all instances of.
func (s *shop) stranger(ctx context.Context, p topology.Process) (string, error) {
	var report internalapi.CallReport
	if err := s.doors.call(ctx, http.MethodGet, "http://"+s.ground.admin[p.Name]+"/calls", nil, &report); err != nil {
		return "", err
	}
	for _, c := range report.Calls {
		if there := s.at.Instances(c.To); c.To != topology.Provider && c.To != topology.Carrier && c.Instances < len(there) {
			return c.To, nil
		}
	}
	return "", nil
}
