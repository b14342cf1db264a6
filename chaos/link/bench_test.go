package link_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func BenchmarkRoundTrip(b *testing.B) {
	for _, way := range []string{"direct", "linked"} {
		b.Run(way, func(b *testing.B) {
			s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			b.Cleanup(s.Close)
			at := s.Listener.Addr().String()
			if way == "linked" {
				at = opened(b, at).Listen()
			}
			client := &http.Client{Transport: &http.Transport{}}
			b.Cleanup(client.CloseIdleConnections)
			for b.Loop() {
				answer, err := client.Get("http://" + at)
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				_ = answer.Body.Close()
			}
		})
	}
}
