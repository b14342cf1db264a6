package orderprocessing

import (
	"context"
	"figlab/internal/process"
	"figlab/shop"
	"sync"
	"time"
)

const (
	atOnce = 16  // orders that are carried on at once
	queued = 256 // more are left to the sweeper
	// finish is how long a process that stops goes on with what it has begun: else an order waits until another process is sure that this
	// one is gone.
	finish = 4 * time.Second
)

// A desk hands orders to a bounded number of workers, each order to one of them at a time.
type desk struct {
	queue chan shop.OrderID

	mu      sync.Mutex
	waiting map[shop.OrderID]bool // in the queue
	held    map[shop.OrderID]*hold
}

// A hold is an order somebody is at work on.
type hold struct {
	again bool          // there is news of it
	free  chan struct{} // closed with the hold
}

func newDesk() *desk {
	return &desk{queue: make(chan shop.OrderID, queued), waiting: map[shop.OrderID]bool{}, held: map[shop.OrderID]*hold{}}
}

// put has an order carried on soon. It never waits: what does not fit the sweeper finds.
func (d *desk) put(id shop.OrderID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.add(id)
}

func (d *desk) add(id shop.OrderID) {
	if h := d.held[id]; h != nil {
		h.again = true
		return
	}
	if d.waiting[id] {
		return
	}
	select {
	case d.queue <- id:
		d.waiting[id] = true
	default:
	}
}

// take takes an order out of the queue into hand, unless somebody has it: then that one looks again.
func (d *desk) take(id shop.OrderID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.waiting, id)
	if h := d.held[id]; h != nil {
		h.again = true
		return false
	}
	d.held[id] = &hold{free: make(chan struct{})}
	return true
}

// hold waits until nobody else in this process is at work on an order.
func (d *desk) hold(ctx context.Context, id shop.OrderID) error {
	for {
		d.mu.Lock()
		h := d.held[id]
		if h == nil {
			d.held[id] = &hold{free: make(chan struct{})}
			d.mu.Unlock()
			return nil
		}
		d.mu.Unlock()
		select {
		case <-h.free:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// free lets go of an order.
func (d *desk) free(id shop.OrderID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	h := d.held[id]
	delete(d.held, id)
	close(h.free)
	if h.again {
		d.add(id)
	}
}

// workers returns the part that carries orders on. When it is stopped it finishes what is queued and begun, if that is soon.
func (d *desk) workers(carry func(context.Context, shop.OrderID)) process.Part {
	return process.Part{Name: "order workers", Run: func(ctx context.Context) error {
		own, cancel := context.WithCancel(context.WithoutCancel(ctx))
		defer cancel()
		defer context.AfterFunc(ctx, func() { time.AfterFunc(finish, cancel) })()
		var all sync.WaitGroup
		for range atOnce {
			all.Go(func() {
				for id, ok := d.next(ctx, own); ok; id, ok = d.next(ctx, own) {
					if d.take(id) {
						carry(own, id)
						d.free(id)
					}
				}
			})
		}
		all.Wait()
		return nil
	}}
}

// next returns the next order of the queue. It waits for one until ctx ends, and takes what is there until own ends.
func (d *desk) next(ctx, own context.Context) (shop.OrderID, bool) {
	if own.Err() != nil {
		return "", false
	}
	select {
	case id := <-d.queue:
		return id, true
	default:
	}
	select {
	case id := <-d.queue:
		return id, true
	case <-ctx.Done():
		return "", false
	}
}
