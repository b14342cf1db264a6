package oracle_test

import (
	"figlab/chaos/oracle"
	"figlab/internal/history"
	"slices"
)

// A sentence is what an oracle must say about a damage.
type sentence struct {
	oracle string
	damage func(*oracle.Case)
	says   string
}

func sentences() []sentence {
	return slices.Concat(stockSentences(), moneySentences(), orderSentences(), ackSentences())
}

func moves(c *oracle.Case, m ...history.StockMove) {
	c.Facts.StockMoves = append(c.Facts.StockMoves, m...)
}

func record(c *oracle.Case, r history.Record) { c.History = append(c.History, r) }

func stockSentences() []sentence {
	return []sentence{
		{"O1", func(c *oracle.Case) { c.Facts.Stock[0].OnHand++ }, "product tea: 10 at first + 4 restocked - 2 committed are 12, but 13 are on hand"},
		{"O1", func(c *oracle.Case) { c.Facts.Stock[0].Reserved = 3 }, "product tea: the moves leave 0 reserved, the row says 3"},
		{"O1", func(c *oracle.Case) { c.Facts.Stock[0].Reserved = 3 }, "product tea: 3 pieces are reserved, the orders that wait are about 0"},
		{"O1", func(c *oracle.Case) { c.Facts.Stock = append(c.Facts.Stock, c.Facts.Stock[0]) }, "product tea has two rows of stock"},
		{"O1", func(c *oracle.Case) { c.Facts.Stock = nil }, "product tea has moves and no stock"},
		{"O1", func(c *oracle.Case) { c.Facts.StockMoves[3].Kind = "vanish" }, `move 4 of product tea: nobody knows what "vanish" of 2 means`},
		{"O1", func(c *oracle.Case) { c.Facts.StockMoves[3].Quantity = -2 }, `move 4 of product tea: nobody knows what "release" of -2 means`},
		{
			"O1", func(c *oracle.Case) { c.Facts.Orders[0].State = "rejected" },
			"product tea: 2 pieces have left the house, the orders that were shipped are about 0",
		},
		{
			"O1", func(c *oracle.Case) { c.History[3].Outcome, c.History[3].Order = history.Fail, "" },
			"product tea: 2 pieces were taken for orders, the clients know of at least 0 and at most 0",
		},
		{
			"O1", func(c *oracle.Case) { c.Facts.StockMoves = c.Facts.StockMoves[:1] },
			"product tea: 0 pieces were taken for orders, the clients know of at least 2 and at most 2",
		},
		{
			"O1", func(c *oracle.Case) { c.History[1].Quantity, c.History[2].Quantity = 3, 3 },
			"product tea: 4 pieces were restocked, the clients know of at least 3 and at most 3",
		},

		{"O2", func(c *oracle.Case) { c.Facts.Stock[0].Initial = -1 }, "product tea: -1 at first"},
		{"O2", func(c *oracle.Case) { c.Facts.Stock[0].OnHand = -1 }, "product tea: -1 on hand and 0 reserved"},
		{"O2", func(c *oracle.Case) { c.Facts.Stock[0].Reserved = -1 }, "product tea: 12 on hand and -1 reserved"},
		{"O2", func(c *oracle.Case) { c.Facts.Stock[0].Reserved = 13 }, "product tea: 12 on hand and 13 reserved"},
		{
			"O2", func(c *oracle.Case) { c.Facts.StockMoves[1].Quantity = 20 },
			"product tea: after move 2, reserve 20 for o1, there would be 14 on hand and 20 reserved",
		},
		{
			"O2", func(c *oracle.Case) { c.Facts.StockMoves[1].Kind = "commit" },
			"product tea: after move 2, commit 2 for o1, there would be 12 on hand and -2 reserved",
		},
		{
			"O2", func(c *oracle.Case) { c.History[3].Lines = []history.Line{{Product: "tea", Quantity: 15}} },
			"product tea: the clients were promised 15 pieces, there never were more than 14",
		},
	}
}

func moneySentences() []sentence {
	return []sentence{
		{"O3", func(c *oracle.Case) { c.Facts.Ledger[1].Amount = -699 }, "transaction c1 sums to 1 EUR, not to 0"},
		{"O3", func(c *oracle.Case) { c.Facts.Ledger[1].Currency = "USD" }, "transaction c1 sums to -700 USD, not to 0"},
		{
			"O3", func(c *oracle.Case) { c.Facts.Ledger = c.Facts.Ledger[2:] },
			"account provider_receivable stands at 0 EUR, the payments come to 700",
		},
		{"O3", func(c *oracle.Case) { c.Facts.Ledger[0].Account = "pocket" }, "account pocket stands at 700 EUR, the payments come to 0"},
		{
			"O3", func(c *oracle.Case) {
				c.Facts.Provider.Entries = append(c.Facts.Provider.Entries, c.Facts.Provider.Entries[0])
			},
			"the provider has acted twice upon key p1: again captured 700 EUR",
		},
		{"O3", func(c *oracle.Case) { c.Facts.Orders[0].Currency = "USD" }, "order o1 is over USD, its payment p1 over EUR"},
		{"O3", func(c *oracle.Case) { c.Facts.Payments[1].Refunded = 600 }, "order o2 is cancelled, yet of 700 captured only 600 went back"},
		{
			"O3", func(c *oracle.Case) { c.Facts.Orders[0].Total = 701 },
			"order o1 is delivered over 701: 700 captured, 0 given back, where refunds of 0 to 0 were asked for",
		},
		{
			"O3", func(c *oracle.Case) { c.Facts.Orders = c.Facts.Orders[1:] },
			"payment p1 has captured 700 and given back 0 for order o1, which is not in the store",
		},
		{
			"O3", func(c *oracle.Case) { c.Facts.Provider.Entries[0].Amount = 1 },
			"payment p1 of order o1 has captured 700 EUR, the provider has taken 1 EUR",
		},
		{
			"O3", func(c *oracle.Case) { c.Facts.Provider.Entries[3].State = "captured" },
			"payment p3 of order o3 has captured 0 EUR, the provider has taken 700 EUR",
		},
		{"O3", func(c *oracle.Case) { c.Facts.Provider.Entries[2].Amount = 1 }, "payment p2 of order o2 has given back 700, the provider 1"},
		{
			"O3", func(c *oracle.Case) { c.Facts.Provider.Entries[3].Key = "p9" },
			"the provider has a charge under key p9, declined 700 EUR, that no payment knows of",
		},
		{
			"O3", func(c *oracle.Case) { c.Facts.Provider.Entries[2].ChargeKey = "p9" },
			"the provider has given back 700 EUR of charge p9, that no payment knows of",
		},
	}
}

func orderSentences() []sentence {
	return []sentence{
		{"O4", func(c *oracle.Case) { c.Facts.Orders[1].Key = "k1" }, "key k1 has placed two orders, o1 and o2"},
		{"O4", func(c *oracle.Case) { c.Facts.Payments[1].Order = "o1" }, "order o1 was paid 2 times"},
		{"O4", func(c *oracle.Case) { c.Facts.Shipments[1].Order = "o1" }, "order o1 has 2 shipments"},
		{"O4", func(c *oracle.Case) {
			moves(c, history.StockMove{Sequence: 8, Product: "tea", Kind: "commit", Quantity: 2, Cause: "o1"})
		}, "order o1: product tea has 2 moves commit"},
		{
			"O4", func(c *oracle.Case) { c.Facts.Notifications = append(c.Facts.Notifications, c.Facts.Notifications[0]) },
			"user u1 was told order_confirmed about o1 twice",
		},
		{
			"O4", func(c *oracle.Case) {
				c.Facts.Carrier.Parcels = append(c.Facts.Carrier.Parcels, c.Facts.Carrier.Parcels[0])
			},
			"the carrier has two parcels for shipment s1",
		},
		{
			"O4", func(c *oracle.Case) { r := c.History[3]; r.Order = "o9"; record(c, r) },
			"key k1 was answered order o1, and order o9 another time",
		},
		{"O4", func(c *oracle.Case) { c.Facts.Orders[0].Key = "k7" }, "order o1 was answered to key k1, the store has it under key k7"},
		{"O4", func(c *oracle.Case) { c.Facts.Orders[0].Total = 701 }, "order o1 was answered over 700, the store says 701"},
		{"O4", func(c *oracle.Case) { c.Facts.Orders[0].Lines = nil }, "order o1 was answered with lines [{tea 2 300}], the store says []"},
		{"O4", func(c *oracle.Case) { c.Facts.Orders[0].Key, c.History[3].Order = "k4", "" }, "key k4 was refused, yet order o1 is delivered"},
		{"O4", func(c *oracle.Case) { c.Facts.Orders[0].State = "pending" }, "order o1 is pending, though nothing is left to do"},
		{"O4", func(c *oracle.Case) { c.Facts.Payments[0].State = "declined" }, "order o1 is delivered and was never paid"},
		{"O4", func(c *oracle.Case) { c.Facts.Shipments[0].State = "booked" }, "order o1 is delivered, its shipment is booked"},
		{"O4", func(c *oracle.Case) { c.Facts.Shipments = nil }, "order o1 is delivered, its shipment is missing"},
		{
			"O4", func(c *oracle.Case) { c.Facts.Orders[0].State, c.Facts.Shipments[0].State = "shipped", "pending" },
			"order o1 is shipped, its shipment is pending",
		},
		{
			"O4", func(c *oracle.Case) { c.Facts.Orders[0].State, c.Facts.Shipments[0].State = "confirmed", "cancelled" },
			"order o1 is confirmed, its shipment is cancelled",
		},
		{"O4", func(c *oracle.Case) { c.Facts.Shipments[1].State = "booked" }, "order o2 is cancelled, yet its shipment is booked"},
		{
			"O4", func(c *oracle.Case) { c.Facts.StockMoves[3].Quantity = 1 },
			"order o2 is cancelled with 2 of product tea: 1 are reserved for it and 0 have left the house",
		},
		{
			"O4", func(c *oracle.Case) { c.Facts.StockMoves = c.Facts.StockMoves[:6] },
			"order o1 is delivered with 2 of product tea: 2 are reserved for it and 0 have left the house",
		},
		{
			"O4", func(c *oracle.Case) { c.Facts.Orders = c.Facts.Orders[1:] },
			"2 of product tea are taken for order o1, which is not in the store",
		},
		{"O4", func(c *oracle.Case) { c.Facts.Orders = c.Facts.Orders[1:] }, "payment p1 of 700 is for order o1, which is not in the store"},
		{"O4", func(c *oracle.Case) { c.Facts.Orders = c.Facts.Orders[1:] }, "shipment s1, delivered, is for order o1, which is not in the store"},
		{
			"O4", func(c *oracle.Case) { c.Facts.StockMoves[6].Product = "milk" },
			"product milk was moved for order o1, which has no line of it",
		},
		{
			"O4", func(c *oracle.Case) { c.Facts.Carrier.Parcels[0].Key = "s9" },
			"shipment s1 of order o1 is delivered, the carrier has no parcel for it",
		},
		{
			"O4", func(c *oracle.Case) { c.Facts.Carrier.Parcels[0].Key = "s2" },
			"shipment s2 of order o2 is cancelled, the carrier has a parcel for it",
		},
		{
			"O4", func(c *oracle.Case) { c.Facts.Carrier.Parcels[0].Key = "s9" },
			"the carrier has a parcel under key s9, delivered, that no shipment knows of",
		},
	}
}

func ackSentences() []sentence {
	return []sentence{
		{
			"O5", func(c *oracle.Case) { c.Facts.Orders = c.Facts.Orders[1:] },
			`order o1 was answered to placeOrder of key "k1" and is not in the store`,
		},
		{
			"O5", func(c *oracle.Case) { record(c, history.Record{Op: "getOrder", Outcome: history.OK, Order: "o9"}) },
			`order o9 was answered to getOrder of key "" and is not in the store`,
		},
		{"O5", func(c *oracle.Case) { c.Facts.Orders[0].State = "pending" }, "order o1 was seen confirmed, the store says pending"},
		{
			"O5", func(c *oracle.Case) { c.History[5].State, c.Facts.Orders[1].State = "", "delivered" },
			"the cancellation of order o2 was acknowledged, the store says delivered",
		},
		{
			"O5", func(c *oracle.Case) { record(c, history.Record{Op: "placeOrder", Key: "k9", Outcome: history.OK}) },
			"the order of key k9 was acknowledged and is not in the store",
		},
		{
			"O5", func(c *oracle.Case) { c.Facts.Orders[2].Key = "k9" },
			`order o3 of key "k9" is in the store, and no client has asked for it`,
		},
		{"O5", func(c *oracle.Case) { c.Facts.Orders = append(c.Facts.Orders, c.Facts.Orders[0]) }, "order o1 is in the store twice"},
		{
			"O5", func(c *oracle.Case) { c.Facts.StockMoves = c.Facts.StockMoves[1:] },
			"restock r1 of 4 of product tea was acknowledged, the store has 0 moves of 0 pieces for it",
		},
		{
			"O5", func(c *oracle.Case) { c.Facts.Users = []string{"bob@example.com", "bob@example.com"} },
			"user bob@example.com is in the store twice",
		},
		{
			"O5", func(c *oracle.Case) { c.Facts.Users = nil },
			"the registration of ann@example.com was acknowledged, the user is not in the store",
		},
	}
}
