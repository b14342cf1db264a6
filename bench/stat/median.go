package stat

import (
	"errors"
	"figlab/shop"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// resamples of a bootstrap: the ends of its interval then move by less than a percent of its width from seed to seed.
const resamples = 10_000

// confidence of an interval.
const confidence = 0.95

// ErrSamples is returned where there are too few runs to say anything, or values that cannot be compared.
var ErrSamples = errors.New("the samples cannot be compared")

// An Interval is where the true value lies, with 95 % confidence.
type Interval struct {
	Low, High float64
}

// Excludes says whether v lies outside: excluding 0 for a difference, or 1 for a ratio, is what makes "better" or "worse".
func (i Interval) Excludes(v float64) bool { return v < i.Low || v > i.High }

// Median returns the middle value, the mean of the two middle ones of an even number, and NaN of none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	return middle(slices.Sorted(slices.Values(values)))
}

func middle(sorted []float64) float64 {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return sorted[n/2-1] + (sorted[n/2]-sorted[n/2-1])/2
}

// Difference returns the median of b less the median of a, with its bootstrap interval. The samples are values of independent runs, at
// least three of each; requests of one run are not independent. The same seed gives the same interval.
func Difference(seed uint64, a, b []float64) (float64, Interval, error) {
	return bootstrap(seed, a, b, func(a, b float64) float64 { return b - a })
}

// Ratio returns the median of b over the median of a, under the rules of Difference. All values must be above zero.
func Ratio(seed uint64, a, b []float64) (float64, Interval, error) {
	if s := append(slices.Clone(a), b...); len(s) > 0 && slices.Min(s) <= 0 {
		return 0, Interval{}, fmt.Errorf("%w: a ratio wants values above zero, but one is %g", ErrSamples, slices.Min(s))
	}
	return bootstrap(seed, a, b, func(a, b float64) float64 { return b / a })
}

// bootstrap draws both samples again, with replacement, and takes the interval that holds the middle 95 % of what comes out (the percentile
// bootstrap of Efron, 1979).
func bootstrap(seed uint64, a, b []float64, relate func(a, b float64) float64) (float64, Interval, error) {
	if len(a) < 3 || len(b) < 3 {
		return 0, Interval{}, fmt.Errorf("%w: %d and %d runs, want at least 3 of each", ErrSamples, len(a), len(b))
	}
	rng := rand.New(rand.NewPCG(shop.Mix(seed, 1), shop.Mix(seed, 2)))
	drawA, drawB := make([]float64, len(a)), make([]float64, len(b))
	draw := func(into, from []float64) float64 {
		for i := range into {
			into[i] = from[rng.IntN(len(from))]
		}
		slices.Sort(into)
		return middle(into)
	}
	seen := make([]float64, resamples)
	for i := range seen {
		seen[i] = relate(draw(drawA, a), draw(drawB, b))
	}
	slices.Sort(seen)
	tail := int(resamples * (1 - confidence) / 2)
	return relate(Median(a), Median(b)), Interval{Low: seen[tail], High: seen[resamples-1-tail]}, nil
}
