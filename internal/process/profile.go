package process

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"runtime/pprof"
	"strconv"
	"time"
)

// longestProfile bounds how long a profile may be asked for, in seconds.
const longestProfile = 30

// profile answers with a CPU profile of the whole process, in pprof's format, over ?seconds. The runtime takes one at a time: whoever
// asks meanwhile hears of a conflict.
func profile(w http.ResponseWriter, r *http.Request) {
	seconds, err := strconv.Atoi(r.URL.Query().Get("seconds"))
	if err != nil || seconds < 1 || seconds > longestProfile {
		http.Error(w, fmt.Sprintf("seconds: want 1 to %d", longestProfile), http.StatusBadRequest)
		return
	}
	taken, err := profileFor(r.Context(), time.Duration(seconds)*time.Second)
	switch {
	case taken == nil:
		http.Error(w, err.Error(), http.StatusConflict)
	case err != nil:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	default:
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = taken.WriteTo(w) // the client went away: nobody is left to tell
	}
}

// profileFor returns nil when none may begin now, and the reason when ctx ended it early.
func profileFor(ctx context.Context, lasting time.Duration) (*bytes.Buffer, error) {
	var taken bytes.Buffer
	if err := pprof.StartCPUProfile(&taken); err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	err := Pause(ctx, lasting)
	pprof.StopCPUProfile()
	if err != nil {
		return &taken, fmt.Errorf("profile: %w", err)
	}
	return &taken, nil
}
