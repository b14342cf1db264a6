package warehouse

import "figlab/shop"

// Stock of one product: 0 ≤ Reserved ≤ OnHand, always.
type Stock struct {
	OnHand   shop.Quantity
	Reserved shop.Quantity
}

// A Move is one line of the append-only stock ledger.
type Move string

// The moves.
const (
	Restocked Move = "restock" // on hand grows
	Reserved  Move = "reserve" // free becomes reserved
	Released  Move = "release" // reserved becomes free
	Committed Move = "commit"  // a reserved piece leaves the house
)

// Errors of the rules.
var (
	ErrShort    = shop.NewError(shop.Conflict, "out-of-stock", "there is not enough of it")
	ErrQuantity = shop.NewError(shop.Invalid, "invalid-quantity", "a quantity is above zero")
	ErrReserved = shop.NewError(shop.Conflict, "not-reserved", "that much is not reserved")
	ErrTooMuch  = shop.NewError(shop.Invalid, "too-much-stock", "the shelf does not hold that much")
	ErrNotFound = shop.NewError(shop.NotFound, "stock-not-found", "there is no such product in the warehouse")
)

// MaxOnHand is what a shelf holds.
const MaxOnHand = 1_000_000_000

// Available is what can still be reserved.
func (s Stock) Available() shop.Quantity { return s.OnHand - s.Reserved }

// Apply returns the stock after a move, or the rule that forbids it.
func (s Stock) Apply(m Move, q shop.Quantity) (Stock, error) {
	if q <= 0 {
		return s, ErrQuantity
	}
	switch m {
	case Restocked:
		if q > MaxOnHand-s.OnHand {
			return s, ErrTooMuch
		}
		s.OnHand += q
	case Reserved:
		if s.Available() < q {
			return s, ErrShort
		}
		s.Reserved += q
	case Released, Committed:
		if s.Reserved < q {
			return s, ErrReserved
		}
		s.Reserved -= q
		if m == Committed {
			s.OnHand -= q
		}
	default:
		return s, shop.NewError(shop.Internal, "unknown-move", "no such stock move: "+string(m))
	}
	return s, nil
}

const seedKind = 3

// SeedStock is how much of seeded product i there is at first: plenty of most, 5 to 50 pieces of about one in a hundred.
func SeedStock(seed uint64, i int) shop.Quantity {
	if Scarce(seed, i) {
		return shop.Quantity(5 + shop.Mix(seed, seedKind, uint64(i), 2)%46)
	}
	return shop.Quantity(10_000 + shop.Mix(seed, seedKind, uint64(i), 3)%90_000)
}

// Scarce says whether seeded product i is one of the few of which there is little.
func Scarce(seed uint64, i int) bool { return shop.Mix(seed, seedKind, uint64(i), 1)%100 == 0 }
