package registry

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// A note is one entry of the bucket.
type note struct {
	jetstream.KeyValueEntry

	name string
	op   jetstream.KeyValueOp
	at   time.Duration
}

func (n note) Key() string                     { return "catalog." + n.name }
func (n note) Operation() jetstream.KeyValueOp { return n.op }
func (n note) Created() time.Time              { return time.Unix(1000, 0).Add(n.at) }
func (n note) Value() []byte {
	b, _ := json.Marshal(Instance{Service: "catalog", Name: n.name})
	return b
}

func TestView(t *testing.T) {
	const put, taken, expired = jetstream.KeyValuePut, jetstream.KeyValueDelete, jetstream.KeyValuePurge
	for _, c := range []struct {
		what          string
		kept          []string
		notes         []note
		present, all  []string
		anotherPeriod bool
	}{
		{
			what: "sorted", notes: []note{{name: "b", op: put}, {name: "a", op: put}, {name: "b", op: put}},
			present: []string{"a", "b"}, all: []string{"a", "b"},
		},
		{what: "taken back", kept: []string{"c"}, notes: []note{{name: "a", op: put}, {name: "c", op: taken}, {name: "a", op: taken}}},
		{
			what: "one died", notes: []note{{name: "a", op: put}, {name: "b", op: put, at: 2 * Beat}, {name: "a", op: expired, at: Lease}},
			present: []string{"b"}, all: []string{"b"},
		},
		{what: "all expired: the broker stood still", notes: []note{
			{name: "a", op: put},
			{name: "b", op: put},
			{name: "a", op: expired, at: Lease},
			{name: "b", op: expired, at: Lease},
		}, all: []string{"a", "b"}, anotherPeriod: true},
		{what: "and goes on", notes: []note{
			{name: "a", op: put},
			{name: "b", op: put},
			{name: "a", op: expired, at: Lease},
			{name: "b", op: put, at: Lease},
			{name: "a", op: put, at: Lease},
		}, present: []string{"a", "b"}, all: []string{"a", "b"}},
		{
			what: "known from before", kept: []string{"a", "b"}, notes: []note{{name: "b", op: put}},
			present: []string{"b"}, all: []string{"a", "b"},
		},
		{what: "expired while away", kept: []string{"a"}, notes: []note{{name: "a", op: expired, at: Lease}}, all: []string{"a"}},
	} {
		v := view{}
		for _, name := range c.kept {
			v.kept = append(v.kept, Instance{Service: "catalog", Name: name})
		}
		last := false
		for _, n := range c.notes {
			before := slices.Clone(v.present)
			held := v.present
			last = v.take(n)
			if !slices.Equal(before, held) {
				t.Errorf("%s: a slice that was handed out has changed", c.what)
			}
		}
		if got := called(v.present); !slices.Equal(got, c.present) {
			t.Errorf("%s: present %v, want %v", c.what, got, c.present)
		}
		if got := called(v.all()); !slices.Equal(got, c.all) {
			t.Errorf("%s: known %v, want %v", c.what, got, c.all)
		}
		if last != c.anotherPeriod {
			t.Errorf("%s: kept for another lease: %v", c.what, last)
		}
		if v.complete || v.take(nil) || !v.complete {
			t.Errorf("%s: complete is wrong", c.what)
		}
	}
}

func called(instances []Instance) (names []string) {
	for _, i := range instances {
		names = append(names, i.Name)
	}
	return names
}
