package registry

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// A view is what one watch has heard.
type view struct {
	present  []Instance // sorted by name, never changed in place
	kept     []Instance // known, but with no entry just now: their holders have the time of a lease to write it again
	complete bool       // all entries that were there have come
	heard    time.Time  // when the latest entry was written
}

// take takes in one change of the bucket; nil says that all entries that were there have come. It returns true when an instance is kept
// for the time of another lease.
func (v *view) take(e jetstream.KeyValueEntry) bool {
	if e == nil {
		v.complete = true
		return false
	}
	_, name, _ := strings.Cut(e.Key(), ".")
	switch e.Operation() {
	case jetstream.KeyValuePut:
		v.put(name, e)
	case jetstream.KeyValueDelete: // its holder took it back
		v.present, v.kept = without(v.present, name), without(v.kept, name)
	case jetstream.KeyValuePurge:
		return v.expire(name, e.Created())
	}
	return false
}

func (v *view) put(name string, e jetstream.KeyValueEntry) {
	if e.Created().After(v.heard) {
		v.heard = e.Created()
	}
	v.kept = without(v.kept, name)
	var i Instance
	if json.Unmarshal(e.Value(), &i) != nil {
		v.present = without(v.present, name)
		return
	}
	if slices.Contains(v.present, i) { // renewed
		return
	}
	v.present = append(without(v.present, name), i)
	slices.SortFunc(v.present, byName)
}

// expire drops an instance whose entry has expired. When nobody else has renewed anything for two beats either, it is the broker that was
// away, or there is nobody else to turn to: then the instance is kept for a while.
func (v *view) expire(name string, at time.Time) (kept bool) {
	i := slices.IndexFunc(v.present, func(i Instance) bool { return i.Name == name })
	if i < 0 {
		return false
	}
	if at.Sub(v.heard) > 2*Beat {
		v.kept, kept = append(slices.Clone(v.kept), v.present[i]), true
	}
	v.present = without(v.present, name)
	return kept
}

func (v *view) all() []Instance {
	if len(v.kept) == 0 {
		return v.present
	}
	return slices.SortedFunc(slices.Values(slices.Concat(v.present, v.kept)), byName)
}

// without returns the instances but for one, as a slice of its own where there is a difference.
func without(instances []Instance, name string) []Instance {
	named := func(i Instance) bool { return i.Name == name }
	if !slices.ContainsFunc(instances, named) {
		return slices.Clip(instances)
	}
	return slices.DeleteFunc(slices.Clone(instances), named)
}

func byName(a, b Instance) int { return strings.Compare(a.Name, b.Name) }
