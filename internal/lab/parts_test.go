package lab

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"math"
	"runtime/pprof"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/pprof/profile"
)

// TestClassify: the frame nearest to the work that says something decides.
func TestClassify(t *testing.T) {
	for _, c := range []struct{ want, stack string }{
		{serialise, "strconv.ParseInt encoding/json.(*decodeState).object encoding/json.Unmarshal figlab/monolith/cart.(*Module).Add net/http.(*conn).serve"},
		{serialise, "runtime.mallocgc reflect.New encoding/json.Marshal figlab/microservices/cart.place"},
		{serialise, "runtime.scanobject runtime.gcAssistAlloc runtime.mallocgc github.com/getkin/kin-openapi/openapi3.(*Schema).VisitJSON figlab/api/contract.(*V).Check"},
		{socket, "internal/runtime/syscall.Syscall6 syscall.Syscall syscall.write internal/poll.(*FD).Write net.(*conn).Write net/http.(*persistConn).Write"},
		{socket, "internal/runtime/syscall.Syscall6 syscall.write internal/poll.(*FD).Write net.(*conn).Write github.com/nats-io/nats%2ego.(*natsWriter).flush"},
		{socket, "internal/runtime/syscall.EpollWait runtime.netpoll runtime.findRunnable runtime.schedule runtime.mcall"},
		{socket, "bufio.(*Reader).ReadSlice net/textproto.(*Reader).ReadLine net/http.(*conn).serve"},
		{socket, "github.com/labstack/echo/v4.(*Router).Find net/http.(*conn).serve"},
		{database, "internal/runtime/syscall.Syscall6 syscall.Pwrite golang.org/x/sys/unix.Pwrite modernc.org/libc.Xpwrite64 modernc.org/sqlite/lib.Xsqlite3_step"},
		{database, "runtime.mapassign reflect.Value.Set gorm.io/gorm.Scan figlab/monolith/cart.(*Store).Read"},
		{database, "sync.(*Mutex).Lock figlab/microservices/platform/store.(*Store).Write figlab/microservices/cart.place"},
		{broker, "runtime.memmove github.com/nats-io/nats%2ego.(*Conn).parse runtime.goexit"},
		{broker, "figlab/internal/registry.(*Set).Instances figlab/microservices/platform/balance.pick"},
		{telemetry, "internal/runtime/syscall.Syscall6 syscall.write internal/poll.(*FD).Write os.(*File).Write log/slog.(*commonHandler).handle figlab/monolith.serve"},
		{crypto, "crypto/internal/fips140/edwards25519.feMul crypto/ed25519.Verify github.com/golang-jwt/jwt/v5.(*Parser).Parse net/http.(*conn).serve"},
		{crypto, "golang.org/x/crypto/argon2.processBlock figlab/shop/user.Check"},
		{collector, "runtime.scanobject runtime.gcDrain runtime.gcBgMarkWorker runtime.goexit"},
		{collector, "runtime.futex runtime.futexsleep runtime.notesleep runtime.stopm runtime.findRunnable runtime.schedule runtime.park_m runtime.mcall"},
		{collector, "runtime.mallocgc context.WithCancel somebody.else"},
		{collector, "runtime.usleep runtime.sysmon runtime.mstart1"},
		{rest, "runtime.mallocgc strings.Builder.Grow figlab/shop/cart.Add net/http.(*conn).serve"},
		{rest, "github.com/google/uuid.New figlab/microservices/cart.place net/http.(*conn).serve"},
		{rest, "somebody.else runtime.goexit"},
		{rest, ""},
		{unbilled, "runtime.mapaccess1 runtime/pprof.(*profMap).lookup runtime/pprof.profileWriter"},
	} {
		if got := classify(strings.Fields(c.stack)); got != c.want {
			t.Errorf("%q, want %q: %s", got, c.want, c.stack)
		}
	}
}

// TestApportion takes a profile of this process while it makes JSON, and then sums.
func TestApportion(t *testing.T) {
	var b bytes.Buffer
	if err := pprof.StartCPUProfile(&b); err != nil {
		t.Fatal(err)
	}
	value := map[string][]int{"a": make([]int, 1000)}
	burn(t, 600*time.Millisecond, func() {
		if _, err := json.Marshal(value); err != nil {
			t.Fatal(err)
		}
	})
	block := make([]byte, 1<<16)
	burn(t, 200*time.Millisecond, func() { sha256.Sum256(block) })
	pprof.StopCPUProfile()
	p, err := profile.ParseData(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	parts, err := apportion(p)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(parts)
	if parts[serialise] < 300*time.Millisecond || parts[crypto] < 100*time.Millisecond || parts[serialise] < parts[crypto] {
		t.Errorf("600 ms were spent on JSON and 200 ms on sums, the profile says %v", parts)
	}
	p.SampleType = p.SampleType[:1] // counts alone are not time
	if _, err := apportion(p); err == nil {
		t.Error("a profile without CPU time was read")
	}
}

// burn does something until it has used so much CPU, however long that takes on a busy machine.
func burn(t *testing.T, cpu time.Duration, do func()) {
	t.Helper()
	used := func() time.Duration {
		var r syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
			t.Fatal(err)
		}
		return time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	for until := used() + cpu; used() < until; {
		for range 50 { // asking is work, too
			do()
		}
	}
}

// TestDivide: the kernel says how much, the profile what for.
func TestDivide(t *testing.T) {
	of := func(name string, ns int64) *profile.Sample {
		return &profile.Sample{
			Value: []int64{1, ns}, Location: []*profile.Location{{Line: []profile.Line{{Function: &profile.Function{Name: name}}}}},
		}
	}
	taken := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}},
		Sample:     []*profile.Sample{of("net.Dial", 30), of("figlab/shop/cart.Add", 10), of("runtime/pprof.profileWriter", 60)},
	}
	idle := &profile.Profile{SampleType: taken.SampleType}
	parts := map[string]time.Duration{}
	for _, p := range []struct {
		used  time.Duration
		role  string
		taken *profile.Profile
	}{{80, "cart", taken}, {4, "search", idle}, {7, "broker", nil}, {2, "provider", nil}, {3, "carrier", nil}} {
		if err := divide(p.used, p.role, p.taken, parts); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]time.Duration{socket: 60, rest: 20, collector: 4, brokerProcess: 7, partners: 5}
	if !maps.Equal(parts, want) {
		t.Errorf("%v, want %v", parts, want)
	}
}

// TestBilled: shares are of the whole, times of each, and a part that was looked for and not found is a line of its own.
func TestBilled(t *testing.T) {
	lines := billed("14", "checkout", map[string]time.Duration{socket: 300 * time.Millisecond, brokerProcess: 100 * time.Millisecond}, 100)
	if len(lines) != len(profiledParts())+1 {
		t.Fatalf("%d lines: %+v", len(lines), lines)
	}
	sum := 0.0
	for _, l := range lines {
		sum += l.Share
		if l.Stage != "14" || l.What != "checkout" || l.Part == socket && (l.CPUMillis != 3 || l.Share != 0.75) || l.Part == partners {
			t.Errorf("%+v", l)
		}
	}
	if math.Abs(sum-1) > 1e-9 {
		t.Errorf("the shares are %g of the whole", sum)
	}
}
