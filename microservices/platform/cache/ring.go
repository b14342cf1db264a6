package cache

import "time"

// A ring holds at most max values. When it is full a hand goes round, and the first value it meets that was not asked for since it last
// came by makes room (Corbató's clock, 1968): nearly as good as the least recently used one, and a hit only sets a flag. A walk through all
// products, which asks for each once, does not push out those that everybody asks for.
type ring struct {
	max   int
	at    map[place]int
	slots []slot
	hand  int
}

type slot struct {
	place place
	value []byte
	until time.Time
	asked bool
}

func newRing(maximum int) *ring { return &ring{max: maximum, at: map[place]int{}} }

func (r *ring) get(p place, now time.Time) ([]byte, bool) {
	i, ok := r.at[p]
	if !ok {
		return nil, false
	}
	s := &r.slots[i]
	if !now.Before(s.until) {
		r.remove(p)
		return nil, false
	}
	s.asked = true
	return s.value, true
}

func (r *ring) put(p place, value []byte, until, now time.Time) {
	fresh := slot{place: p, value: value, until: until}
	if i, ok := r.at[p]; ok {
		r.slots[i] = fresh
		return
	}
	if len(r.slots) < r.max {
		r.at[p] = len(r.slots)
		r.slots = append(r.slots, fresh)
		return
	}
	for r.slots[r.hand].asked && now.Before(r.slots[r.hand].until) {
		r.slots[r.hand].asked = false
		r.hand = (r.hand + 1) % len(r.slots)
	}
	delete(r.at, r.slots[r.hand].place)
	r.slots[r.hand], r.at[p] = fresh, r.hand
	r.hand = (r.hand + 1) % len(r.slots)
}

// remove fills the gap with the last one: the hand only has to meet everybody, not in any order. It rests until the ring is full again.
func (r *ring) remove(p place) bool {
	i, ok := r.at[p]
	if !ok {
		return false
	}
	delete(r.at, p)
	last := len(r.slots) - 1
	if i != last {
		r.slots[i] = r.slots[last]
		r.at[r.slots[i].place] = i
	}
	r.slots[last] = slot{}
	r.slots = r.slots[:last]
	return true
}
