package shopper

import "testing"

// TestTaste: draws fall on products by their popularity, on every one of them, and on the same with the same seed.
func TestTaste(t *testing.T) {
	taste, again := newTaste(3, 100), newTaste(3, 100)
	hits := make([]int, 100)
	const draws = 100_000
	for i := range draws {
		draw := float64(i) / draws
		n := taste.number(draw)
		if n != again.number(draw) {
			t.Fatal("not a function of the seed")
		}
		hits[n]++
	}
	first, last := hits[taste.ranks[0]], hits[taste.ranks[99]]
	// 1 to the power of -0.8 over 100 to that power is 39.8.
	if ratio := float64(first) / float64(last); ratio < 39 || ratio > 41 {
		t.Errorf("the most popular is asked for %.1f times as often as the least, want 39.8", ratio)
	}
	for n, h := range hits {
		if h == 0 {
			t.Errorf("nobody asks for product %d", n)
		}
	}
}
