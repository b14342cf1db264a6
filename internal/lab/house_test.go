package lab

import (
	"context"
	"encoding/json"
	"errors"
	"figlab/api/events"
	"figlab/api/internalapi"
	"figlab/bench/load"
	"figlab/chaos/oracle"
	"figlab/internal/bus"
	"figlab/internal/engine"
	"figlab/internal/history"
	"figlab/internal/process"
	"figlab/internal/topology"
	"flag"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	user "figlab/shop/user"
)

// kills is how often TestRandomKills kills: go test -run RandomKills ./internal/lab -kills 200 -v.
var kills = flag.Int("kills", 30, "random kill -9 in TestRandomKills")

// house is the shop at stage 14 under load.
type house struct {
	*shop
	recorder *recorder
	running  *load.Run
}

// openHouse opens the microservice house with two replicas of every service, and has shoppers come for a while.
func openHouse(t *testing.T, rate float64, lasting time.Duration) *house {
	t.Helper()
	at, err := topology.Scaled("14", map[string]int{topology.Every: 2})
	if err != nil {
		t.Fatal(err)
	}
	s := openTestShop(t, at, "sqlite")
	if err := s.settleAt(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	r, err := newRecorder(filepath.Join(dir, "history.jsonl"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	running, err := load.Start(t.Context(), filepath.Join(programs, "figload"), dir, load.Config{
		URL: s.url(), Mix: "ordering", Rate: rate, Duration: lasting, Seed: 1, Products: 300, Users: 100, Stage: "14", Clients: "house",
		Epoch: r.epoch, Timeout: 5 * time.Second, VUs: 200,
	}, r.add)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{s, r, running}
	until(t, 30*time.Second, "the first orders", func() bool { return checkouts(r, history.OK) > 3 })
	return h
}

// end waits for the last shopper and for the shop's rest, and has the oracles judge.
func (h *house) end(t *testing.T, rest time.Duration) history.Facts {
	t.Helper()
	if _, err := h.running.Wait(); err != nil {
		t.Fatal(err)
	}
	facts, err := h.rest(t.Context(), rest)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d checkouts acknowledged, %d refused, %d unknown; %d orders in the store; left to do: %+v",
		checkouts(h.recorder, history.OK), checkouts(h.recorder, history.Fail), checkouts(h.recorder, history.Unknown), len(facts.Orders), facts.Work)
	for _, o := range oracle.Judge(oracle.Case{History: h.recorder.all(), Facts: facts}) {
		t.Logf("%s %s: %s, %d checked, %d violations %v", o.ID, o.Name, o.Verdict, o.Checked, o.Violations, o.Examples)
		if o.Verdict != history.Pass {
			t.Errorf("%s is %s", o.ID, o.Verdict)
		}
	}
	if err := h.recorder.close(); err != nil {
		t.Error(err)
	}
	return facts
}

// mortal are the processes that may be killed: every one there is.
func (h *house) mortal() (all []engine.Process) {
	for _, p := range h.at.Processes {
		all = append(all, h.processes[p.Name])
	}
	return all
}

// TestRandomKills kills processes at random with kill -9 while shoppers order, broker, provider and gateway included, and starts them
// again. Afterwards every saga has ended, and all oracles pass.
func TestRandomKills(t *testing.T) {
	const every = 400 * time.Millisecond
	lasting := time.Duration(*kills)*every*2 + 5*time.Second
	h := openHouse(t, 30, lasting)
	dice := rand.New(rand.NewPCG(14, uint64(*kills)))
	all := h.mortal()
	victims := map[string]int{}
	for range *kills {
		time.Sleep(time.Duration(dice.Int64N(int64(every)))) // the instant of death must not depend on what the shop is doing
		p := all[dice.IntN(len(all))]
		victims[strings.TrimRight(p.Name(), "-0123456789")]++
		if err := errors.Join(p.Kill(t.Context()), p.Restart(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("killed %v", victims)
	facts := h.end(t, time.Minute)
	if !facts.Work.AtRest() {
		t.Errorf("something never ended: %+v", facts.Work)
	}
}

// rotate has a replica of the user service sign with the next key.
func (h *house) rotate(t *testing.T, replica string) (ring internalapi.KeyRing) {
	t.Helper()
	if err := h.doors.call(t.Context(), http.MethodPost, "http://"+h.ground.admin[replica]+"/keys/rotate", nil, &ring); err != nil {
		t.Fatal(err)
	}
	return ring
}

// allGood checks that every shopper got what the contract promises.
func (h *house) allGood(t *testing.T) {
	t.Helper()
	failed := 0
	for _, rec := range h.recorder.all() {
		if good(rec) && rec.Status != http.StatusUnauthorized {
			continue
		}
		if failed++; failed <= 10 {
			t.Errorf("%s by %s failed: %d %s %s", rec.Op, rec.ServedBy, rec.Status, rec.Outcome, rec.Error)
		}
	}
	t.Logf("%d operations, %d failed", len(h.recorder.all()), failed)
}

// TestRollingRestart restarts every service, one replica after the other, while shoppers shop: nobody notices.
func TestRollingRestart(t *testing.T) {
	at, err := topology.Scaled("14", map[string]int{topology.Every: 2})
	if err != nil {
		t.Fatal(err)
	}
	replicas := slices.DeleteFunc(at.Processes, func(p topology.Process) bool { return !slices.Contains(topology.Capabilities(), p.Role) })
	h := openHouse(t, 30, time.Duration(len(replicas))*2*time.Second)
	for _, p := range replicas {
		if err := h.processes[p.Name].Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := h.ready(t.Context(), h.processes[p.Name]); err != nil {
			t.Fatal(err)
		}
		if err := process.Pause(t.Context(), 300*time.Millisecond); err != nil { // its callers have found it again
			t.Fatal(err)
		}
	}
	h.end(t, 30*time.Second)
	h.allGood(t)
}

// TestHouse has shoppers shop for a while, with the keys that sign their sessions exchanged under them, and then looks at what they left:
// who called whom, what was told on the bus, what was logged.
func TestHouse(t *testing.T) {
	h := openHouse(t, 40, 18*time.Second)
	first := h.rotate(t, "user-1")
	if second := h.rotate(t, "user-2"); second.Current == first.Current || !slices.Contains(second.Published, first.Current) {
		t.Errorf("from %+v to %+v: the second key signs, the first one is still published", first, second)
	}
	h.end(t, 30*time.Second)
	h.allGood(t)
	t.Run("calls", h.checkCalls)
	t.Run("events", h.checkEvents)
	t.Run("logs", h.checkLogs)
}

// checkCalls compares who called whom with what is declared: nobody calls anybody undeclared, and no request has gone in a circle.
func (h *house) checkCalls(t *testing.T) {
	asks := topology.Asks()
	seen := map[string]bool{}
	for _, p := range h.at.Processes {
		if !slices.Contains(topology.Capabilities(), p.Role) && p.Role != topology.Gateway {
			continue
		}
		var report internalapi.CallReport
		if err := h.doors.call(t.Context(), http.MethodGet, "http://"+h.ground.admin[p.Name]+"/calls", nil, &report); err != nil {
			t.Fatal(err)
		}
		for _, c := range report.Calls {
			if !slices.Contains(asks[p.Role], c.To) {
				t.Errorf("%s declares that it calls %s (%s), the topology has no such link", p.Role, c.To, c.Why)
			}
		}
		for _, path := range report.Paths {
			way := append(strings.Split(path, ">"), p.Role)
			for i := 1; i < len(way); i++ {
				if !slices.Contains(asks[way[i-1]], way[i]) {
					t.Errorf("a request has come by %s to %s: %s does not declare that it calls %s", path, p.Role, way[i-1], way[i])
				}
				if slices.Contains(way[:i], way[i]) {
					t.Errorf("a request went in a circle: %v", way)
				}
			}
			seen[path+">"+p.Role] = true
		}
	}
	for _, way := range []string{"gateway>ordertaking>cart", "gateway>wishlist>cart>catalog", "orderprocessing>warehouse", "orderprocessing>payment"} {
		if !seen[way] {
			t.Errorf("no request has come by %s: the traces are not kept, or the load is too tame; seen: %v", way, seen)
		}
	}
}

// checkEvents holds everything that was told on the bus to the schema of its kind. Every kind that a day in the shop brings was told.
func (h *house) checkEvents(t *testing.T) {
	schemas, err := events.NewSchemas()
	if err != nil {
		t.Fatal(err)
	}
	deps := process.Real("listener", nil, io.Discard)
	b, err := bus.Dial(deps, "nats://"+h.ground.public[topology.Broker])
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	told := map[string]int{}
	all := []string{"shop.>"}
	consumer := b.ConsumeBatch("listener", all, 256, func(_ context.Context, messages []bus.Message) []error {
		for _, m := range messages {
			var e internalapi.Event
			if err := errors.Join(json.Unmarshal(m.Data, &e), schemas.Check(e)); err != nil {
				t.Errorf("%s: %v", m.Subject, err)
			}
			if e.Origin != "app" || m.Subject != "shop."+e.Capability+"."+e.Type {
				t.Errorf("%s carries %s.%s of origin %q", m.Subject, e.Capability, e.Type, e.Origin)
			}
			told[e.Type]++
		}
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- consumer.Run(ctx) }()
	until(t, 20*time.Second, "everything was heard", func() bool {
		left, err := b.Pending(t.Context(), "listener", all)
		return err == nil && left == 0
	})
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	for _, kind := range []string{"order-placed", "order-changed", "stock-changed", "payment-changed", "shipment-changed", "notification-sent"} {
		if told[kind] == 0 {
			t.Errorf("nobody told of %s: %v", kind, told)
		}
	}
}

// checkLogs looks for what must not be written down.
func (h *house) checkLogs(t *testing.T) {
	secrets := map[string]string{
		"the run's admin token": h.token, "a card": "tok_visa", "a password": user.SeedPassword, "a session token": "eyJhbGciOiJFZERTQSI",
	}
	logs, err := filepath.Glob(filepath.Join(h.logs, "*.log"))
	if err != nil || len(logs) < 20 {
		t.Fatalf("%d logs: %v", len(logs), err)
	}
	for _, path := range logs {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for what, secret := range secrets {
			if strings.Contains(string(b), secret) {
				t.Errorf("%s holds %s", filepath.Base(path), what)
			}
		}
	}
}
