package orderprocessing_test

import (
	"errors"
	"figlab/shop/orderprocessing"
	"testing"
	"time"
)

func states() []orderprocessing.State {
	return []orderprocessing.State{
		orderprocessing.Pending, orderprocessing.Confirmed, orderprocessing.Shipped,
		orderprocessing.Delivered, orderprocessing.Rejected, orderprocessing.Cancelled,
	}
}

func TestStep(t *testing.T) {
	allowed := map[string]bool{
		"pending confirmed": true, "pending rejected": true, "confirmed shipped": true, "confirmed cancelled": true, "shipped delivered": true,
	}
	for _, from := range states() {
		for _, to := range states() {
			e, err := orderprocessing.Step(orderprocessing.Event{Sequence: 4, State: from}, to, "", time.Time{})
			if want := allowed[string(from)+" "+string(to)]; (err == nil) != want {
				t.Errorf("from %s to %s: %v, allowed %v", from, to, err, want)
			}
			if err == nil && e.Sequence != 5 || err != nil && !errors.Is(err, orderprocessing.ErrTransition) {
				t.Errorf("from %s to %s: %+v, %v", from, to, e, err)
			}
		}
	}
}

// FuzzNoWayBack: no path visits a state twice, and sequences are contiguous.
func FuzzNoWayBack(f *testing.F) {
	f.Add([]byte{1, 2, 3})
	f.Add([]byte{4, 0, 1})
	f.Fuzz(func(t *testing.T, path []byte) {
		last := orderprocessing.Start(time.Time{})
		seen := map[orderprocessing.State]bool{last.State: true}
		for _, p := range path {
			next, err := orderprocessing.Step(last, states()[int(p)%len(states())], "", time.Time{})
			if err != nil {
				continue
			}
			if seen[next.State] || next.Sequence != last.Sequence+1 {
				t.Fatalf("%+v follows %+v", next, last)
			}
			seen[next.State], last = true, next
		}
		if len(seen) > 4 {
			t.Fatalf("a path of %d states", len(seen))
		}
	})
}
