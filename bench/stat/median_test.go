package stat_test

import (
	"errors"
	"figlab/bench/stat"
	"math"
	"math/rand/v2"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1, 5}, 5},
		{[]float64{4, 1, 3, 2}, 2.5},
		{[]float64{-1, 1}, 0},
	} {
		if got := stat.Median(c.in); got != c.want {
			t.Errorf("median of %v is %g, want %g", c.in, got, c.want)
		}
	}
	if !math.IsNaN(stat.Median(nil)) {
		t.Error("nothing has a median")
	}
	in := []float64{3, 1, 2}
	if stat.Median(in); in[0] != 3 {
		t.Error("the values were sorted in place")
	}
}

// TestConstantSamples: without spread the interval is the value itself.
func TestConstantSamples(t *testing.T) {
	a, b := []float64{2, 2, 2}, []float64{3, 3, 3, 3}
	if d, in, err := stat.Difference(1, a, b); err != nil || d != 1 || in != (stat.Interval{Low: 1, High: 1}) || !in.Excludes(0) {
		t.Errorf("difference %g in %v, %v", d, in, err)
	}
	if r, in, err := stat.Ratio(1, a, b); err != nil || r != 1.5 || in != (stat.Interval{Low: 1.5, High: 1.5}) || !in.Excludes(1) {
		t.Errorf("ratio %g in %v, %v", r, in, err)
	}
}

// TestInterval: of three values each, the median of a draw is the lowest with probability 7/27, and so the interval reaches from end to end.
func TestInterval(t *testing.T) {
	a, b := []float64{1, 2, 3}, []float64{10, 20, 30}
	d, in, err := stat.Difference(7, a, b)
	if err != nil || d != 18 || in.Low != 7 || in.High != 29 {
		t.Errorf("difference %g in %v, %v; want 18 in 7 to 29", d, in, err)
	}
	_, again, _ := stat.Difference(7, a, b)
	if again != in {
		t.Errorf("the same seed gave %v, then %v", in, again)
	}
	if _, same, _ := stat.Difference(7, a, a); same.Excludes(0) {
		t.Errorf("a sample differs from itself: %v", same)
	}
}

// TestCoverage: of two samples of one distribution, the interval holds 0 about as often as it says.
func TestCoverage(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func() (s []float64) {
		for range 15 {
			s = append(s, rng.NormFloat64())
		}
		return s
	}
	const trials = 150
	held := 0
	for i := range trials {
		_, in, err := stat.Difference(uint64(i), draw(), draw())
		if err != nil {
			t.Fatal(err)
		}
		if !in.Excludes(0) {
			held++
		}
	}
	if share := float64(held) / trials; share < 0.91 || share > 0.995 {
		t.Errorf("the interval of 95 %% holds the truth in %.1f %% of %d trials", 100*share, trials)
	}
}

func TestSamplesThatSayNothing(t *testing.T) {
	ok := []float64{1, 2, 3}
	for name, err := range map[string]error{
		"few":  third(stat.Difference(1, ok[:2], ok)),
		"none": third(stat.Ratio(1, nil, ok)),
		"zero": third(stat.Ratio(1, ok, []float64{0, 1, 2})),
	} {
		if !errors.Is(err, stat.ErrSamples) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func third(_ float64, _ stat.Interval, err error) error { return err }
