package oracle_test

import (
	"encoding/json"
	"figlab/chaos/oracle"
	"figlab/chaos/oracle/mutant"
	"figlab/internal/history"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// small is a shop with one product, three orders of one shopper, a restock and a new user: one order delivered, one cancelled, one refused
// by the card. Nothing is wrong with it.
func small() oracle.Case {
	line := []history.Line{{Product: "tea", Quantity: 2, UnitPrice: 300}}
	order := func(id, key, state, reason string) history.Order {
		return history.Order{ID: id, User: "u1", Key: key, State: state, Reason: reason, Total: 700, Currency: "EUR", Lines: line}
	}
	return oracle.Case{
		History: []history.Record{
			{Op: "createUser", User: "Ann@Example.com", Outcome: history.OK},
			{Op: "restock", Key: "r1", Product: "tea", Quantity: 4, Outcome: history.Unknown},
			{Op: "restock", Key: "r1", Product: "tea", Quantity: 4, Outcome: history.OK, Replayed: true},
			{Op: "placeOrder", User: "ann@example.com", Key: "k1", Outcome: history.OK, Order: "o1", State: "confirmed", Total: 700, Lines: line},
			{Op: "placeOrder", User: "ann@example.com", Key: "k2", Outcome: history.OK, Order: "o2", State: "confirmed", Total: 700, Lines: line},
			{Op: "cancelOrder", User: "ann@example.com", Outcome: history.OK, Order: "o2", State: "cancelled", Total: 700, Lines: line},
			{Op: "placeOrder", User: "ann@example.com", Key: "k3", Outcome: history.Unknown},
			{Op: "placeOrder", User: "ann@example.com", Key: "k4", Outcome: history.Fail},
			{Op: "placeOrder", User: "ann@example.com", Key: "k5", Outcome: history.Unknown},
		},
		Facts: history.Facts{
			Stock: []history.Stock{{Product: "tea", Initial: 10, OnHand: 12, Reserved: 0}},
			StockMoves: []history.StockMove{
				{Sequence: 1, Product: "tea", Kind: "restock", Quantity: 4, Cause: "r1"},
				{Sequence: 2, Product: "tea", Kind: "reserve", Quantity: 2, Cause: "o1"},
				{Sequence: 3, Product: "tea", Kind: "reserve", Quantity: 2, Cause: "o2"},
				{Sequence: 4, Product: "tea", Kind: "release", Quantity: 2, Cause: "o2"},
				{Sequence: 5, Product: "tea", Kind: "reserve", Quantity: 2, Cause: "o3"},
				{Sequence: 6, Product: "tea", Kind: "release", Quantity: 2, Cause: "o3"},
				{Sequence: 7, Product: "tea", Kind: "commit", Quantity: 2, Cause: "o1"},
			},
			Orders: []history.Order{
				order("o1", "k1", "delivered", ""), order("o2", "k2", "cancelled", ""), order("o3", "k3", "rejected", "payment_declined"),
			},
			Payments: []history.Payment{
				{ID: "p1", Order: "o1", State: "captured", Amount: 700, Currency: "EUR"},
				{ID: "p2", Order: "o2", State: "refunded", Amount: 700, Refunded: 700, Currency: "EUR"},
				{ID: "p3", Order: "o3", State: "declined", Amount: 700, Currency: "EUR"},
			},
			Ledger: []history.LedgerEntry{
				{Transaction: "c1", Account: "provider_receivable", Amount: 700, Currency: "EUR"},
				{Transaction: "c1", Account: "sales", Amount: -700, Currency: "EUR"},
				{Transaction: "c2", Account: "provider_receivable", Amount: 700, Currency: "EUR"},
				{Transaction: "c2", Account: "sales", Amount: -700, Currency: "EUR"},
				{Transaction: "b2", Account: "refunds", Amount: 700, Currency: "EUR"},
				{Transaction: "b2", Account: "provider_receivable", Amount: -700, Currency: "EUR"},
			},
			Shipments:     []history.Shipment{{ID: "s1", Order: "o1", State: "delivered"}, {ID: "s2", Order: "o2", State: "cancelled"}},
			Notifications: []history.Notification{{ID: "n1", User: "u1", Kind: "order_confirmed", Cause: "o1"}},
			Users:         []string{"ann@example.com"},
			Provider: history.Provider{Entries: []history.ProviderEntry{
				{Key: "p1", Kind: "charge", State: "captured", Amount: 700, Currency: "EUR", Requests: 1},
				{Key: "p2", Kind: "charge", State: "captured", Amount: 700, Currency: "EUR", Requests: 1},
				{Key: "f2", Kind: "refund", State: "refunded", Amount: 700, Currency: "EUR", ChargeKey: "p2", Requests: 1},
				{Key: "p3", Kind: "charge", State: "declined", Amount: 700, Currency: "EUR", Requests: 1},
			}},
			Carrier: history.Carrier{Parcels: []history.Parcel{{Key: "s1", State: "delivered", Requests: 1}}},
		},
	}
}

// run returns what one oracle says.
func run(t *testing.T, c oracle.Case, id string) history.OracleRun {
	t.Helper()
	all := oracle.Judge(c)
	i := slices.IndexFunc(all, func(r history.OracleRun) bool { return r.ID == id })
	if i < 0 {
		t.Fatalf("no oracle %s", id)
	}
	return all[i]
}

// TestSentences breaks a small clean shop in one place after the other: the oracle must name it, in these words.
func TestSentences(t *testing.T) {
	t.Parallel()
	for _, r := range oracle.Judge(small()) {
		if r.Verdict != history.Pass || r.Checked == 0 || r.Violations != 0 || len(r.Examples) != 0 {
			t.Errorf("nothing is wrong, yet %+v", r)
		}
	}
	for _, c := range sentences() {
		broken := small()
		c.damage(&broken)
		got := run(t, broken, c.oracle)
		if got.Verdict != history.Violated || !slices.Contains(got.Examples, c.says) {
			t.Errorf("%s is %s and says\n\t%s\nwant\n\t%s", c.oracle, got.Verdict, strings.Join(got.Examples, "\n\t"), c.says)
		}
	}
}

// TestKnown: what looks like a fault and is none.
func TestKnown(t *testing.T) {
	t.Parallel()
	ask := func(o history.Outcome, order string, total int64) history.Record {
		return history.Record{Op: "refundPayment", Key: "b" + order, Outcome: o, Order: order, Total: total}
	}
	refund := func(c *oracle.Case) { // 50 of the delivered order
		f := &c.Facts
		f.Payments[0].Refunded = 50
		f.Provider.Entries = append(f.Provider.Entries, history.ProviderEntry{Key: "f1", State: "refunded", Amount: 50, Currency: "EUR", ChargeKey: "p1"})
		f.Ledger = append(
			f.Ledger, history.LedgerEntry{Transaction: "b1", Account: "refunds", Amount: 50, Currency: "EUR"},
			history.LedgerEntry{Transaction: "b1", Account: "provider_receivable", Amount: -50, Currency: "EUR"})
	}
	for name, c := range map[string]struct {
		change func(*oracle.Case)
		want   string
	}{
		"a refund nobody has asked for":     {refund, history.Violated},
		"a refund that was acknowledged":    {func(c *oracle.Case) { refund(c); c.History = append(c.History, ask(history.OK, "o1", 50)) }, history.Pass},
		"a refund of unknown outcome":       {func(c *oracle.Case) { refund(c); c.History = append(c.History, ask(history.Unknown, "o1", 50)) }, history.Pass},
		"a part of it":                      {func(c *oracle.Case) { refund(c); c.History = append(c.History, ask(history.Unknown, "o1", 60)) }, history.Violated},
		"a refund of nobody knows what":     {func(c *oracle.Case) { refund(c); c.History = append(c.History, ask(history.Unknown, "", 0)) }, history.Pass},
		"a refund that was refused":         {func(c *oracle.Case) { refund(c); c.History = append(c.History, ask(history.Fail, "o1", 50)) }, history.Violated},
		"an unknown one that never was":     {func(c *oracle.Case) { c.History = append(c.History, ask(history.Unknown, "o1", 50)) }, history.Pass},
		"an acknowledged one that is lost":  {func(c *oracle.Case) { c.History = append(c.History, ask(history.OK, "o1", 50)) }, history.Violated},
		"an amount nobody has written down": {func(c *oracle.Case) { refund(c); c.History = append(c.History, ask(history.OK, "o1", 0)) }, history.Pass},
	} {
		broken := small()
		c.change(&broken)
		if got := run(t, broken, "O3"); got.Verdict != c.want {
			t.Errorf("%s: %s, want %s: %q", name, got.Verdict, c.want, got.Examples)
		}
	}

	c := small() // the same key of somebody else, whose checkout was refused
	c.History = append(c.History, history.Record{Op: "placeOrder", User: "bob@example.com", Key: "k1", Outcome: history.Fail})
	c.History[5] = history.Record{Op: "cancelOrder", User: "ann@example.com", Outcome: history.Unknown} // of which order nobody knows
	for _, r := range oracle.Judge(c) {
		if r.Verdict != history.Pass {
			t.Errorf("%s is %s: %q", r.ID, r.Verdict, r.Examples)
		}
	}
}

// TestEdges: what is just within the law, and just beyond it.
func TestEdges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*oracle.Case)
		wrong  string // the oracle that must say so; empty when nothing is wrong
	}{
		{"a shelf that was empty at first and is empty in the end", func(c *oracle.Case) { shelf(c, 0, 4) }, ""},
		{"one piece more than there was", func(c *oracle.Case) { shelf(c, 0, 5) }, "O2"},
		{"an answer without lines", func(c *oracle.Case) { c.History[3].Lines = nil }, ""},
		{"an answer without lines about an order that is gone", func(c *oracle.Case) {
			c.History[4].Lines, c.Facts.Orders[1].ID = nil, "o9"
		}, "O5"},
		{"a card that was declined before another was charged", func(c *oracle.Case) {
			c.Facts.Payments = append(c.Facts.Payments, history.Payment{ID: "p0", Order: "o1", State: "declined", Amount: 700, Currency: "EUR"})
		}, ""},
		{"an overcharge, where a refund of unknown amount is known", func(c *oracle.Case) {
			c.Facts.Orders[0].Total, c.History[3].Total = 699, 699
			record(c, history.Record{Op: "refundPayment", Order: "o1", Outcome: history.Unknown})
		}, "O3"},
		{"refunds of too many unknown outcomes, of which none came", func(c *oracle.Case) { manyRefunds(c, 700) }, ""},
		{"refunds of too many unknown outcomes, and a cent too much was taken", func(c *oracle.Case) { manyRefunds(c, 699) }, "O3"},
		{"a piece that came back, which none does", func(c *oracle.Case) {
			moves(c, history.StockMove{Sequence: 8, Product: "tea", Kind: "return", Quantity: 2, Cause: "o1"})
			c.Facts.Stock[0].OnHand = 14
		}, "O1"},
	} {
		changed := small()
		c.change(&changed)
		found := c.wrong == ""
		for _, r := range oracle.Judge(changed) {
			found = found || r.ID == c.wrong && r.Verdict == history.Violated
			if c.wrong == "" && r.Verdict != history.Pass {
				t.Errorf("%s: %s is %s: %q", c.name, r.ID, r.Verdict, r.Examples)
			}
		}
		if !found {
			t.Errorf("%s: %s has not found it", c.name, c.wrong)
		}
	}
}

// shelf makes the delivered order one of all four pieces that were restocked, or of more, on a shelf that held some at first.
func shelf(c *oracle.Case, initial, sold int64) {
	c.Facts.Stock[0] = history.Stock{Product: "tea", Initial: initial, OnHand: initial + 4 - sold}
	lines := []history.Line{{Product: "tea", Quantity: sold, UnitPrice: 300}}
	c.History[3].Lines, c.Facts.Orders[0].Lines = lines, lines
	m := c.Facts.StockMoves
	m[1].Quantity, m[6].Quantity = sold, sold
	c.Facts.StockMoves = []history.StockMove{m[0], m[2], m[3], m[4], m[5], m[1], m[6]} // the others have let go of theirs before
}

// manyRefunds asks for more refunds than can be told apart, none of which came, of an order that was paid with 700.
func manyRefunds(c *oracle.Case, total int64) {
	c.Facts.Orders[0].Total, c.History[3].Total = total, total
	for i := range 12 {
		record(c, history.Record{
			Op: "refundPayment", Key: string(rune('a' + i)), Order: "o1", Outcome: history.Unknown, Total: int64(1) << i,
		})
	}
}

// TestInconclusive: what was not looked at is not passed, and a broken law is broken whatever is missing.
func TestInconclusive(t *testing.T) {
	t.Parallel()
	busy := func(c *oracle.Case) { c.Facts.Work = history.Work{OrdersPending: 2, ShipmentsPending: 1} }
	const atWork = "the shop is not at rest: 2 orders pending, 0 payments open, 1 shipments under way, 0 events unpublished, 0 not handled"
	const unrecorded = "no client has recorded anything: the stores were only compared with each other"
	for _, c := range []struct {
		name, why string
		change    func(*oracle.Case)
		doubtful  []string
	}{
		{"no case", "there was nothing to check", func(c *oracle.Case) { *c = oracle.Case{} }, []string{"O2"}},
		{"no case", unrecorded, func(c *oracle.Case) { *c = oracle.Case{} }, []string{"O1", "O5"}},
		{"at work", atWork, busy, []string{"O1", "O3", "O4"}},
		{"no history", unrecorded, func(c *oracle.Case) { c.History = nil }, []string{"O1", "O4", "O5"}},
		{"no provider", "the ledger of the payment provider was not read", func(c *oracle.Case) { c.Facts.Provider.Entries = nil }, []string{"O3"}},
		{"no carrier", "the ledger of the carrier was not read", func(c *oracle.Case) { c.Facts.Carrier.Parcels = nil }, []string{"O4"}},
	} {
		doubted := small()
		c.change(&doubted)
		for _, r := range oracle.Judge(doubted) {
			switch doubt := slices.Contains(c.doubtful, r.ID); {
			case doubt && (r.Verdict != history.Inconclusive || !slices.Equal(r.Examples, []string{c.why})):
				t.Errorf("%s: %s is %s: %q", c.name, r.ID, r.Verdict, r.Examples)
			case !doubt && c.name != "no case" && r.Verdict != history.Pass:
				t.Errorf("%s: %s is %s: %q", c.name, r.ID, r.Verdict, r.Examples)
			}
		}
	}
	c := small()
	busy(&c)
	c.Facts.Ledger[0].Amount++
	if got := run(t, c, "O3"); got.Verdict != history.Violated {
		t.Errorf("a transaction that does not sum to 0 is %s while the shop is at work", got.Verdict)
	}
}

// TestFiveExamples: the count goes on where the sentences end.
func TestFiveExamples(t *testing.T) {
	t.Parallel()
	c := small()
	for i := range 20 {
		c.Facts.Users = append(c.Facts.Users, string(rune('a'+i)), string(rune('a'+i)))
	}
	if got := run(t, c, "O5"); got.Violations != 20 || len(got.Examples) != 5 {
		t.Errorf("%d violations, %d examples", got.Violations, len(got.Examples))
	}
}

// TestJudgeIsAFunction: the same case is judged the same every time, and is left as it was.
func TestJudgeIsAFunction(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		c := mutant.Clean(seed)
		slices.Reverse(c.Facts.StockMoves) // much is wrong now
		c.Facts.Orders = c.Facts.Orders[:len(c.Facts.Orders)/2]
		before, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		first := oracle.Judge(c)
		for range 10 {
			if again := oracle.Judge(c); !reflect.DeepEqual(first, again) {
				t.Fatalf("seed %d: first %+v, then %+v", seed, first, again)
			}
		}
		if after, err := json.Marshal(c); err != nil || string(after) != string(before) {
			t.Errorf("seed %d: the case was changed: %v", seed, err)
		}
		for i, o := range oracle.All() { // each on its own finds the same
			if f := o.Check(c); f.Violations != first[i].Violations || f.Checked != first[i].Checked || o.Law == "" {
				t.Errorf("%s alone finds %+v, among the others %+v", o.ID, f, first[i])
			}
		}
	}
}
