package process

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Ready is the line a process writes once it serves: to the pipe its parent gave it, else to standard output.
type Ready struct {
	Name   string `json:"name"`
	Listen string `json:"listen,omitempty"` // address of the public door
	Admin  string `json:"admin,omitempty"`  // address of the doors behind the shop
}

// Announce writes the ready line as one line of JSON.
func Announce(w io.Writer, r Ready) error {
	if err := json.NewEncoder(w).Encode(r); err != nil {
		return fmt.Errorf("announce %s: %w", r.Name, err)
	}
	return nil
}

// Leash returns a context that ends with SIGINT or SIGTERM and, when leash is not nil, as soon as leash reaches its end: the parent
// holds the other end of that pipe, so its death, by whatever signal, is noticed at once and the process still stops gracefully.
func Leash(ctx context.Context, leash io.Reader) (context.Context, context.CancelFunc) {
	ctx, cancel := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	if leash != nil {
		go func() {
			_, _ = io.Copy(io.Discard, leash) // ends when the parent does; its error is the same news
			cancel()
		}()
	}
	return ctx, cancel
}
