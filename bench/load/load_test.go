package load_test

import (
	"context"
	"errors"
	"figlab/bench/load"
	"figlab/internal/history"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// figload is the binary, built once.
var figload string

func TestMain(m *testing.M) {
	if dir := os.Getenv("FIGLAB_TEST_PARENT"); dir != "" {
		beParent(dir)
		return
	}
	dir, err := os.MkdirTemp("", "figload")
	if err != nil {
		panic(err)
	}
	figload = filepath.Join(dir, "figload")
	build := exec.Command("go", "build", "-o", figload, "figlab/cmd/figload")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build figload: %v\n%s", err, out))
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func config(url string) load.Config {
	return load.Config{
		URL: url, Mix: "shopping", Rate: 100, Duration: 2 * time.Second, Seed: 7, Products: 100, Users: 100, Stage: "3",
		Clients: "test", Epoch: time.Now(), Timeout: 5 * time.Second, VUs: 150,
	}
}

// run runs a load to its end.
func run(t *testing.T, c load.Config) (load.Summary, []history.Record) {
	t.Helper()
	var all []history.Record
	r, err := load.Start(t.Context(), figload, t.TempDir(), c, func(rec history.Record) { all = append(all, rec) })
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.Wait()
	if err != nil {
		t.Fatal(err)
	}
	return s, all
}

// scheduled leaves out the signing in before the schedule.
func scheduled(all []history.Record) []history.Record {
	return slices.DeleteFunc(slices.Clone(all), func(r history.Record) bool { return r.Op == "createSession" && r.Scheduled == r.Call })
}

// ms is the time between two instants of records.
func ms(from, to int64) float64 { return float64(to-from) / 1e6 }

func TestRateIsKept(t *testing.T) {
	shop := newShop(t)
	c := config(shop.url)
	c.VUs = 0
	before := time.Since(c.Epoch).Nanoseconds()
	s, all := run(t, c)
	after := time.Since(c.Epoch).Nanoseconds()
	if s.Scheduled < 195 || s.Scheduled > 202 || s.Dropped != 0 {
		t.Errorf("%d arrivals of which %d dropped, want 200 or 201 and none", s.Scheduled, s.Dropped)
	}
	if s.Records != int64(len(all)) || s.CPU <= 0 || s.MaxVUs < 1 || s.Lateness <= 0 || s.Lateness > time.Second {
		t.Errorf("summary %+v for %d records", s, len(all))
	}
	arrivals := scheduled(all)
	if int64(len(arrivals)) != s.Scheduled {
		t.Errorf("%d records for %d arrivals", len(arrivals), s.Scheduled)
	}
	slices.SortFunc(arrivals, func(a, b history.Record) int { return int(a.Scheduled - b.Scheduled) })
	for i, r := range arrivals {
		if want := arrivals[0].Scheduled + int64(i)*10_000_000; r.Scheduled != want {
			t.Fatalf("arrival %d was due at %d, want every 10 ms and so %d", i, r.Scheduled, want)
		}
	}
	ops := map[string]int{}
	for _, r := range all {
		ops[r.Op]++
		complete(t, r, before, after)
	}
	for _, op := range []string{"getProduct", "searchProducts", "putCartItem", "placeOrder", "getOrder"} {
		if ops[op] == 0 {
			t.Errorf("no %s among %v", op, ops)
		}
	}
}

// complete checks what every record must hold when the shop is well.
func complete(t *testing.T, r history.Record, before, after int64) {
	t.Helper()
	if r.Outcome != history.OK || r.Error != "" || r.Problem != "" {
		t.Errorf("%+v failed", r)
	}
	if r.Scheduled > r.Call || r.Call >= r.Return || r.Call < before || r.Return > after {
		t.Errorf("%+v: times are out of order, or out of the run from %d to %d", r, before, after)
	}
	if !r.Wrote || r.Attempts != 1 || r.ServedBy != "fake" || r.Stage != "3" || r.Phase != "" || r.Status < 200 {
		t.Errorf("%+v lacks something", r)
	}
	if !strings.HasPrefix(r.Client, "test-") {
		t.Errorf("%+v is from a client without the prefix", r)
	}
	if r.Op == "placeOrder" && (r.Key == "" || r.Order == "" || r.State == "" || r.Version == 0 || len(r.Lines) == 0 || r.User == "") {
		t.Errorf("%+v lacks something of an order", r)
	}
	if r.Op == "putCartItem" && (r.Product == "" || r.Quantity == 0 || r.Version == 0) || r.Op == "restock" && (r.Key == "" || r.Quantity == 0) {
		t.Errorf("%+v lacks something of its write", r)
	}
}

// TestStall: an open model goes on while the shop does not, nothing is dropped, and the waiting is seen.
func TestStall(t *testing.T) {
	shop := newShop(t)
	shop.stall(100, time.Second)
	s, all := run(t, config(shop.url))
	if s.Dropped != 0 || s.Records != int64(len(all)) || s.Scheduled < 195 {
		t.Errorf("%+v for %d records", s, len(all))
	}
	waited := 0
	for _, r := range all {
		if ms(r.Scheduled, r.Return) > 300 {
			waited++
		}
	}
	// 70 arrivals fall into the first 700 ms of the second that the shop stood still.
	if waited < 60 || waited > 110 || s.MaxVUs < 80 {
		t.Errorf("%d records waited longer than 300 ms with up to %d under way, want about 70 and 100", waited, s.MaxVUs)
	}
}

// TestQueueingInTheGeneratorIsSeen: four people cannot do a hundred things at once. What they have no time for waits, and its latency counts
// from when it was due, not from when it was sent.
func TestQueueingInTheGeneratorIsSeen(t *testing.T) {
	shop := newShop(t)
	shop.stall(60, time.Second)
	c := config(shop.url)
	c.Users = 4
	s, all := run(t, c)
	fromDue, fromSent := 0, 0
	for _, r := range all {
		if ms(r.Scheduled, r.Return) > 300 {
			fromDue++
		}
		if ms(r.Call, r.Return) > 300 {
			fromSent++
		}
	}
	if fromDue < 50 || fromSent > 10 || s.Lateness < 500*time.Millisecond || s.Dropped != 0 {
		t.Errorf("%d slow from due, %d from sent, lateness %s, %d dropped", fromDue, fromSent, s.Lateness, s.Dropped)
	}
}

// TestDrops: what nobody was free for is counted, and does not shift what comes after it.
func TestDrops(t *testing.T) {
	shop := newShop(t)
	shop.stall(60, 800*time.Millisecond)
	c := config(shop.url)
	c.VUs = 3
	s, all := run(t, c)
	arrivals := scheduled(all)
	if s.Dropped < 50 || s.Dropped > 90 || int64(len(arrivals))+s.Dropped != s.Scheduled || s.Scheduled < 195 || s.Scheduled > 202 {
		t.Errorf("%d records and %d drops of %d arrivals", len(arrivals), s.Dropped, s.Scheduled)
	}
	for _, r := range arrivals {
		if late := ms(r.Scheduled, r.Call); late > 400 {
			t.Errorf("%s was sent %.0f ms late, as if arrivals that were dropped still waited", r.Op, late)
		}
	}
}

// TestUnknown: an order whose answer was cut off may have been placed. Its client is not heard of again, and its key is asked again.
func TestUnknown(t *testing.T) {
	shop := newShop(t)
	cuts := 0
	shop.cut = func(op string, _ int) bool {
		shop.mu.Lock()
		defer shop.mu.Unlock()
		if op == "placeOrder" {
			cuts++
		}
		return op == "placeOrder" && cuts%3 == 1
	}
	c := config(shop.url)
	c.Mix = "ordering"
	_, all := run(t, c)
	gone, lost, replayed := map[string]bool{}, map[string]bool{}, 0
	for _, r := range all {
		if gone[r.Client] {
			t.Errorf("%s goes on after an unknown write", r.Client)
		}
		switch {
		case r.Outcome == history.Unknown:
			gone[r.Client], lost[r.Key] = true, true
			if r.Op != "placeOrder" || !r.Wrote || r.Attempts != 1 || r.Error == "" || r.Status != 0 {
				t.Errorf("unknown: %+v", r)
			}
		case lost[r.Key]:
			if r.Outcome != history.OK || !r.Replayed {
				t.Errorf("asked again: %+v", r)
			}
			replayed++
		case r.Replayed:
			t.Errorf("replayed without having been lost: %+v", r)
		}
	}
	if len(lost) < 3 || replayed < len(lost)-4 { // the last ones have no time to ask again
		t.Errorf("%d lost, %d asked again", len(lost), replayed)
	}
}

// TestSameSeedSameShoppers: what a client does, and with what, is a function of the seed.
func TestSameSeedSameShoppers(t *testing.T) {
	did := func(seed uint64) map[string][]string {
		c := config(newShop(t).url)
		c.Seed, c.Duration = seed, 1500*time.Millisecond
		_, all := run(t, c)
		by := map[string][]string{}
		for _, r := range all {
			by[r.Client] = append(by[r.Client], fmt.Sprint(r.Op, r.Product, r.Quantity, r.Key))
		}
		return by
	}
	one, two, other := did(7), did(7), did(8)
	same, different, did150 := true, false, 0
	for client, ops := range one {
		n := min(len(ops), len(two[client]))
		did150 += n
		same = same && reflect.DeepEqual(ops[:n], two[client][:n])
		different = different || !reflect.DeepEqual(ops[:n], other[client][:min(n, len(other[client]))])
	}
	if !same || !different || did150 < 150 {
		t.Errorf("same seed same: %t, other seed different: %t, over %d operations", same, different, did150)
	}
}

func TestStop(t *testing.T) {
	c := config(newShop(t).url)
	c.Duration = time.Minute
	first := make(chan struct{})
	n := 0
	r, err := load.Start(t.Context(), figload, t.TempDir(), c, func(history.Record) {
		if n++; n == 100 {
			close(first)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	<-first
	r.Stop()
	r.Stop()
	s, err := r.Wait()
	if err != nil || s.Records != int64(n) || s.Scheduled > 1000 {
		t.Errorf("stopped: %+v, %v after %d records", s, err, n)
	}
}

// TestGeneratorFails: a generator that cannot do its work says why.
func TestGeneratorFails(t *testing.T) {
	for _, c := range []struct {
		name, program, want string
	}{
		{"no program", filepath.Join(t.TempDir(), "none"), "no such file"},
		{"wrong program", "/bin/false", "ended without a summary"},
	} {
		r, err := load.Start(t.Context(), c.program, t.TempDir(), config("http://127.0.0.1:1"), func(history.Record) {})
		if err == nil {
			_, err = r.Wait()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := load.Start(t.Context(), figload, t.TempDir(), load.Config{}, nil); err == nil {
		t.Error("an empty configuration was taken")
	}
}

// TestNobodyThere: requests that are refused are records, not failures of the generator.
func TestNobodyThere(t *testing.T) {
	c := config("http://127.0.0.1:1")
	c.Duration = time.Second
	s, all := run(t, c)
	if int64(len(all)) != s.Records || len(all) < 100 {
		t.Errorf("%d records, summary %+v", len(all), s)
	}
	for _, r := range all {
		if r.Outcome != history.Fail || r.Wrote || r.Attempts != 1 || r.Error == "" {
			t.Fatalf("%+v", r)
		}
	}
}

// TestDiesWithItsParent: after kill -9 of the lab no generator stays behind.
func TestDiesWithItsParent(t *testing.T) {
	dir := t.TempDir()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), "FIGLAB_TEST_PARENT="+dir, "FIGLAB_TEST_FIGLOAD="+figload, "FIGLAB_TEST_URL="+newShop(t).url)
	parent.Stderr = os.Stderr
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscan(out, &pid); err != nil {
		t.Fatal(err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	for deadline := time.Now().Add(4 * time.Second); alive(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("figload %d is still there", pid)
		}
	}
}

// alive says whether a process runs: one that has ended and was not reaped does not.
func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, after, _ := strings.Cut(string(b), ") ")
	return err == nil && !strings.HasPrefix(after, "Z")
}

// beParent is the parent that is killed: it says which child it has once records flow.
func beParent(dir string) {
	c := config(os.Getenv("FIGLAB_TEST_URL"))
	c.Duration, c.Rate = time.Minute, 0.1 // so slow that the child does not notice by a broken pipe
	n := 0
	pid := make(chan int, 1)
	r, err := load.Start(context.Background(), os.Getenv("FIGLAB_TEST_FIGLOAD"), dir, c, func(history.Record) {
		if n++; n == 6 { // the admin and four regulars have signed in, the first arrival is through
			_, _ = os.Stdout.WriteString(strconv.Itoa(<-pid) + "\n")
		}
	})
	if err != nil {
		panic(err)
	}
	pid <- r.PID()
	_, _ = r.Wait()
}

func TestValidate(t *testing.T) {
	wrong := load.Config{URL: "ftp://x", Mix: "x", Clients: "Über", VUs: -1}.Validate()
	var all []string
	for _, err := range wrong {
		all = append(all, err.Error())
	}
	if len(wrong) != 10 {
		t.Errorf("%d things wrong, want 10:\n%s", len(wrong), strings.Join(all, "\n"))
	}
	if wrong := config("http://127.0.0.1:80").Validate(); len(wrong) > 0 {
		t.Errorf("wrong with a good one: %v", errors.Join(wrong...))
	}
}
