package bus_test

import (
	"context"
	"figlab/internal/bus"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// cpu is what this process has used: the client and the embedded broker together.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkPublish is the price of durability: one message, acknowledged, and a batch of 64.
func BenchmarkPublish(b *testing.B) {
	for _, durability := range []string{"default", "sync-always"} {
		b.Run(durability, func(b *testing.B) {
			for _, batch := range []int{1, 64} {
				b.Run(fmt.Sprintf("batch-%d", batch), func(b *testing.B) { publishing(b, durability == "sync-always", batch) })
			}
		})
	}
}

func publishing(b *testing.B, sync bool, batch int) {
	client := started(b, sync)
	next := 0
	begin := cpu()
	for b.Loop() {
		messages := make([]bus.Message, batch)
		for i := range messages {
			next++
			messages[i] = message(next)
			messages[i].Data = make([]byte, 500)
		}
		if err := client.Publish(b.Context(), messages...); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(next), "µs/msg")
	b.ReportMetric(float64((cpu()-begin).Microseconds())/float64(next), "cpu-µs/msg")
}

// BenchmarkConsume is the price of a message with a handler that does nothing: 2,000 that wait, and one after the other.
func BenchmarkConsume(b *testing.B) {
	for _, most := range []int{1, 64} {
		b.Run(fmt.Sprintf("waiting/most-%d", most), func(b *testing.B) { consuming(b, most, 2000) })
		b.Run(fmt.Sprintf("one-by-one/most-%d", most), func(b *testing.B) { consuming(b, most, 1) })
	}
}

func consuming(b *testing.B, most, burst int) {
	client := started(b, false)
	var seen atomic.Int64
	reached := make(chan struct{}, 1)
	want := int64(burst)
	running(b, client.ConsumeBatch("reader", []string{"shop.test.>"}, most, func(_ context.Context, ms []bus.Message) []error {
		if seen.Add(int64(len(ms))) == want {
			reached <- struct{}{}
		}
		return nil
	}).Run)
	messages := make([]bus.Message, burst)
	next := 0
	var used time.Duration
	for b.Loop() {
		for i := range messages {
			next++
			messages[i] = message(next)
			messages[i].Data = make([]byte, 500)
		}
		seen.Store(0)
		begin := cpu()
		if err := client.Publish(b.Context(), messages...); err != nil {
			b.Fatal(err)
		}
		<-reached
		used += cpu() - begin
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(next), "µs/msg")
	b.ReportMetric(float64(used.Nanoseconds())/1e3/float64(next), "cpu-µs/msg")
}

func started(b *testing.B, sync bool) *bus.Bus {
	b.Helper()
	s, err := bus.NewServer(bus.ServerConfig{Listen: "127.0.0.1:0", Data: b.TempDir(), SyncAlways: sync}, deps(b, "broker"))
	if err != nil {
		b.Fatal(err)
	}
	running(b, s.Run)
	return dial(b, s.URL())
}
