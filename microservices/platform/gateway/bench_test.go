package gateway

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkGet asks for a small body over real sockets, at the service itself and through the gateway as it runs: what the second takes
// more is the gateway's. CPU is that of this process, user and system, which holds all three parties.
func BenchmarkGet(b *testing.B) {
	h := newHouse(b, 1e6)
	body := strings.Repeat("x", 300)
	address := serve(b, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	})
	h.register("catalog", address)
	path := "/products/" + product
	h.becomes(b, path, 200)
	for range 2 {
		for name, url := range map[string]string{"bare": "http://" + address + path, "gateway": h.url + path} {
			for _, callers := range []int{1, 8} {
				b.Run(fmt.Sprint(name, "/", callers), func(b *testing.B) {
					b.ReportAllocs()
					b.SetParallelism(callers)
					began := used(b)
					b.RunParallel(func(p *testing.PB) {
						for p.Next() {
							if a := ask1(b, "GET", url, nil, "User-Agent", "bench"); a.body != body {
								b.Errorf("%+v", a)
							}
						}
					})
					b.ReportMetric(float64((used(b)-began).Microseconds())/float64(b.N), "cpu-µs/op")
				})
			}
		}
	}
}

// used is the CPU time of this process.
func used(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
