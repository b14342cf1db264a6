package shopper

import (
	"figlab/api/shopapi"
	"figlab/internal/history"
	"figlab/shop/user"
	"fmt"
	"math/rand/v2"
	"net/http"
)

// A Shopper is one person with one browser. It is used by one goroutine at a time. Its exported methods are what the script may ask.
type Shopper struct {
	crowd  *Crowd
	number int // 0 is the admin
	rng    *rand.Rand
	client *http.Client

	email, password string
	token           string
	life            int // grows with each unknown write: the name of a client must not outlive one
	keys            int // idempotency keys given out

	cart    int  // different products in it, as far as the shopper knows
	stuck   bool // something in it cannot be had
	orders  []order
	fresh   bool       // the last operation was an order that was confirmed
	lost    *placement // an order that may have been placed
	wish    string     // product on the wishlist
	message string     // an unread notification
}

// An order as its shopper last saw it.
type order struct {
	id, state, shipment string
}

func (o order) settled() bool {
	switch shopapi.OrderState(o.state) {
	case shopapi.OrderStateDelivered, shopapi.OrderStateRejected, shopapi.OrderStateCancelled:
		return true
	default:
		return false
	}
}

// A placement is a request to place an order; asked again it must be the same to the byte.
type placement struct {
	key   string
	body  shopapi.NewOrder
	tries int
}

// maxPlacements is how often a placement is sent before the shopper gives up on its answer.
const maxPlacements = 3

// maxOrders is how many orders a shopper remembers.
const maxOrders = 12

func newShopper(c *Crowd, number int) *Shopper {
	s := &Shopper{
		crowd: c, number: number, rng: source(c.cfg.Seed, number+1), client: newClient(),
		email: user.SeedEmail(number), password: user.SeedPassword,
	}
	if number == 0 {
		s.email, s.password = user.SeedAdminEmail, user.SeedAdminPassword
	}
	return s
}

// Roll returns the shopper's next random number, from 0 to below 1. The same seed gives the same numbers.
func (s *Shopper) Roll() float64 { return s.rng.Float64() }

// Admin says whether this is the one who keeps the warehouse.
func (s *Shopper) Admin() bool { return s.number == 0 }

// CartItems is how many different products the cart holds, as far as the shopper knows.
func (s *Shopper) CartItems() int { return s.cart }

// CartStuck says whether something in the cart cannot be had: it must be emptied.
func (s *Shopper) CartStuck() bool { return s.stuck }

// Orders is how many orders the shopper knows of.
func (s *Shopper) Orders() int { return len(s.orders) }

// OpenOrders is how many of them may still change.
func (s *Shopper) OpenOrders() int {
	n := 0
	for _, o := range s.orders {
		if !o.settled() {
			n++
		}
	}
	return n
}

// CanCancel says whether an order was confirmed and not yet shipped when it was last seen.
func (s *Shopper) CanCancel() bool { return s.confirmed() != nil }

// JustOrdered says whether the shopper's last operation was an order, and it was confirmed.
func (s *Shopper) JustOrdered() bool { return s.fresh }

// HasShipment says whether a shipment of an order is known.
func (s *Shopper) HasShipment() bool { return s.shipped() != nil }

// HasWish says whether there is something on the wishlist.
func (s *Shopper) HasWish() bool { return s.wish != "" }

// HasMessage says whether an unread notification is known.
func (s *Shopper) HasMessage() bool { return s.message != "" }

// LostOrder says whether the answer to an order was lost: it must be asked for again under its key.
func (s *Shopper) LostOrder() bool { return s.lost != nil }

// name of the logical client.
func (s *Shopper) name() string {
	return fmt.Sprintf("%s-%04d.%d", s.crowd.cfg.Clients, s.number, s.life)
}

// newKey returns an idempotency key nobody has used: the clients' prefix is unique, the shopper is unique in it.
func (s *Shopper) newKey() string {
	s.keys++
	return fmt.Sprintf("%s-%04d-%06d", s.crowd.cfg.Clients, s.number, s.keys)
}

// product returns the product the shopper wants next.
func (s *Shopper) product() string { return s.crowd.taste.product(s.Roll()) }

// open is the order to look at next: the one not looked at for longest that may still change, else any.
func (s *Shopper) open() *order {
	for i := range s.orders {
		if !s.orders[i].settled() {
			return &s.orders[i]
		}
	}
	return s.any()
}

func (s *Shopper) any() *order {
	if len(s.orders) == 0 {
		return nil
	}
	return &s.orders[len(s.orders)-1]
}

// confirmed is the newest that was.
func (s *Shopper) confirmed() *order {
	for i := len(s.orders) - 1; i >= 0; i-- {
		if s.orders[i].state == string(shopapi.OrderStateConfirmed) {
			return &s.orders[i]
		}
	}
	return nil
}

func (s *Shopper) shipped() *order {
	for i := range s.orders {
		if s.orders[i].shipment != "" {
			return &s.orders[i]
		}
	}
	return nil
}

// remember moves an order, as it was just seen, behind the others.
func (s *Shopper) remember(o order) {
	s.forget(o.id)
	s.orders = append(s.orders, o)
	for i := 0; len(s.orders) > maxOrders && i < len(s.orders); i++ {
		if s.orders[i].settled() || i == len(s.orders)-1 {
			s.forget(s.orders[i].id)
			i = -1
		}
	}
}

func (s *Shopper) forget(id string) {
	for i := range s.orders {
		if s.orders[i].id == id {
			s.orders = append(s.orders[:i], s.orders[i+1:]...)
			return
		}
	}
}

// conclude draws what follows from an outcome that is not a success.
func (s *Shopper) conclude(rec *history.Record) {
	if rec.Outcome == history.Unknown {
		s.life++
	}
	if rec.Status == http.StatusUnauthorized {
		s.token = ""
	}
	switch rec.Op {
	case "placeOrder":
		s.concludePlacement(rec)
	case "cancelOrder":
		s.remember(order{id: rec.Order}) // how it stands must be read
	case "putCartItem", "moveWishlistItemToCart":
		s.stuck = s.stuck || rec.Status == http.StatusConflict // full, or not for sale
	}
}

// concludePlacement keeps a placement whose answer is lost, and gives up on it when the shop refuses it or when it was tried often enough.
func (s *Shopper) concludePlacement(rec *history.Record) {
	if s.lost == nil {
		return
	}
	business := rec.Outcome == history.Fail && rec.Status >= 400 && rec.Status < 500 &&
		rec.Status != http.StatusUnauthorized && rec.Status != http.StatusTooManyRequests
	never := rec.Outcome == history.Fail && s.lost.tries == 1
	if business || never || s.lost.tries >= maxPlacements {
		s.lost = nil
	}
	if business || !never {
		s.cart = 0 // as far as anybody knows
	}
}
