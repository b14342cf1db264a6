package oracle

import (
	"figlab/internal/history"
	"maps"
	"slices"

	processing "figlab/shop/orderprocessing"
)

// The operations of the contract that change what the oracles look at.
const (
	placeOrder    = "placeOrder"
	cancelOrder   = "cancelOrder"
	refundPayment = "refundPayment"
	restock       = "restock"
	createUser    = "createUser"
)

// A checkout is all attempts at one order.
type checkout struct {
	user, key string
	outcome   history.Outcome
	answers   []*history.Record // the attempts that were answered with an order
}

// received is all attempts at one restock.
type received struct {
	place
	outcome  history.Outcome
	quantity int64
}

// A sight is what clients have learned about an order after it was placed, and what they have asked for.
type sight struct {
	seen   []processing.State // each once, in the order of the records
	cancel history.Outcome    // of all attempts to cancel; empty without one
	refund map[string]refund  // by idempotency key
	vague  bool               // a refund may have been made of which the amount is not known
}

// A refund is all attempts at one.
type refund struct {
	outcome history.Outcome
	amount  int64
}

func (s *sight) has(state processing.State) bool {
	return slices.Contains(s.seen, state)
}

// merge is the outcome of a write after one more attempt at it.
func merge(a, b history.Outcome) history.Outcome {
	switch {
	case a == history.OK || b == history.OK:
		return history.OK
	case a == history.Fail && b == history.Fail, a == "" && b == history.Fail:
		return history.Fail
	default:
		return history.Unknown
	}
}

func (b *books) indexHistory(records []history.Record) {
	checkouts, restocks := map[[2]string]int{}, map[place]int{}
	for i := range records {
		r := &records[i]
		b.see(r)
		switch r.Op {
		case placeOrder:
			name := [2]string{r.User, r.Key}
			n, known := checkouts[name]
			if !known {
				n = len(b.checkouts)
				checkouts[name], b.checkouts = n, append(b.checkouts, checkout{user: r.User, key: r.Key})
			}
			b.checkouts[n].attempt(r)
		case restock:
			name := place{r.Key, r.Product}
			n, known := restocks[name]
			if !known {
				n = len(b.received)
				restocks[name], b.received = n, append(b.received, received{place: name})
			}
			b.received[n].outcome = merge(b.received[n].outcome, r.Outcome)
			b.received[n].quantity = max(b.received[n].quantity, r.Quantity)
		case cancelOrder:
			b.cancelled(r)
		case refundPayment:
			b.refunded(r)
		}
	}
}

func (c *checkout) attempt(r *history.Record) {
	c.outcome = merge(c.outcome, r.Outcome)
	if r.Outcome == history.OK && r.Order != "" {
		c.answers = append(c.answers, r)
	}
}

// see notes the state of an order in an answer.
func (b *books) see(r *history.Record) {
	if r.Outcome != history.OK || r.Order == "" {
		return
	}
	s := b.sight(r.Order)
	if state := processing.State(r.State); state != "" && !s.has(state) {
		s.seen = append(s.seen, state)
	}
	if o := b.orders[r.Order]; o != nil && r.Op == placeOrder && r.User != "" {
		b.owner[o.User] = r.User
	}
}

func (b *books) sight(order string) *sight {
	s := b.sights[order]
	if s == nil {
		s = &sight{}
		b.sights[order] = s
	}
	return s
}

func (b *books) cancelled(r *history.Record) {
	switch {
	case r.Order != "":
		s := b.sight(r.Order)
		s.cancel = merge(s.cancel, r.Outcome)
	case r.Outcome != history.Fail:
		b.unnamed[r.User] = true
	}
}

func (b *books) refunded(r *history.Record) {
	s := b.sight(r.Order) // without a name: a sight of nobody's order, that all of them look at
	if r.Order == "" || r.Total <= 0 {
		s.vague = s.vague || r.Outcome != history.Fail
		return
	}
	if s.refund == nil {
		s.refund = map[string]refund{}
	}
	before := s.refund[r.Key]
	s.refund[r.Key] = refund{merge(before.outcome, r.Outcome), r.Total}
}

// maxGuesses is up to how many combinations of refunds of unknown outcome are told apart; beyond it only their sum counts.
const maxGuesses = 1 << 10

// explains says whether so much of a standing order may have gone back to the shopper: every refund that was acknowledged, and of those of
// unknown outcome each as a whole or not at all. Least and most are all of the first, and all of both.
func (b *books) explains(order string, gave int64) (ok bool, least, most int64) {
	s := b.sights[order]
	if s == nil {
		return gave == 0, 0, 0
	}
	for _, r := range s.refund {
		if r.outcome == history.OK {
			least += r.amount
		}
	}
	most = least
	guesses := map[int64]bool{least: true}
	for _, r := range s.refund {
		if r.outcome != history.Unknown {
			continue
		}
		most += r.amount
		for _, sum := range slices.Collect(maps.Keys(guesses)) {
			guesses[sum+r.amount] = true
		}
		if len(guesses) > maxGuesses {
			return gave >= least && gave <= most, least, most
		}
	}
	return guesses[gave], least, most
}

// vague says whether an order may have had refunds of which the clients do not tell enough.
func (b *books) vague(order string) bool {
	anyone, one := b.sights[""], b.sights[order]
	return !b.recorded || anyone != nil && anyone.vague || one != nil && one.vague
}

// wants is what a checkout has certainly taken, and what it may have taken.
func (b *books) wants(c checkout) (lines []history.Line, surely, perhaps bool) {
	id, lines := b.placed(c)
	if id == "" {
		return nil, false, false
	}
	surely, perhaps = b.keeps(id, c.user)
	return lines, surely, perhaps
}

// placed returns the order of a checkout and its lines, as they were answered or, without an answer, as the store has them. Without an
// order the checkout has taken nothing.
func (b *books) placed(c checkout) (id string, lines []history.Line) {
	if c.outcome == history.Fail {
		return "", nil
	}
	if len(c.answers) > 0 {
		id, lines = c.answers[0].Order, c.answers[0].Lines
		if o := b.orders[id]; o != nil && len(lines) == 0 {
			lines = o.Lines
		}
		return id, lines
	}
	for _, o := range b.find(c.user, c.key) {
		if id == "" || stands(o.State) {
			id, lines = o.ID, o.Lines
		}
	}
	return id, lines
}

// keeps says whether an order stands: surely, or perhaps. What its clients cannot know is looked up in the store.
func (b *books) keeps(id, user string) (surely, perhaps bool) {
	o, s := b.orders[id], b.sights[id]
	if s == nil {
		s = &sight{}
	}
	switch {
	case s.has(processing.Rejected), s.has(processing.Cancelled), s.cancel == history.OK:
		return false, false
	case s.has(processing.Shipped), s.has(processing.Delivered):
		return true, true
	case s.has(processing.Confirmed) && s.cancel != history.Unknown && !b.unnamed[user]:
		return true, true
	case o != nil:
		return stands(o.State), stands(o.State)
	}
	return false, true
}
