package shop

import "time"

// Mix returns 64 well-mixed bits for a seed and the numbers of whatever is drawn (SplitMix64, Steele, Lea and Flood 2014). The seed data
// and the load are functions of it, so that every house, and every run, draws the same.
func Mix(seed uint64, numbers ...uint64) uint64 {
	x := seed
	for _, n := range append(numbers, 0) {
		x += n + 0x9e3779b97f4a7c15
		x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
		x = (x ^ x>>27) * 0x94d049bb133111eb
		x ^= x >> 31
	}
	return x
}

// SeedTime is when the seed data were made.
func SeedTime() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// SeedID returns the id of seeded thing number i of a kind: in order of i, one millisecond apart.
func SeedID(seed uint64, kind uint64, i int) string {
	var random [10]byte
	a, b := Mix(seed, kind, uint64(i), 1), Mix(seed, kind, uint64(i), 2)
	for k := range random {
		if k < 8 {
			random[k] = byte(a >> (8 * k))
		} else {
			random[k] = byte(b >> (8 * (k - 8)))
		}
	}
	return NewID(SeedTime().Add(time.Duration(i)*time.Millisecond), random)
}

const seedProduct = 2 // the kind of seeded products

// SeedProduct returns the id of seeded product i: everybody who seeds something about products must agree on it.
func SeedProduct(seed uint64, i int) ProductID { return ProductID(SeedID(seed, seedProduct, i)) }
