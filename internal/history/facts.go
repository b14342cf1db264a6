package history

// Facts are what the stores hold after a run, once the shop is at rest: the audit doors of the houses, merged, and the ledgers of the
// payment provider and the carrier. The field names are those of api/internal.yaml.
type Facts struct {
	Stock         []Stock        `json:"stock"`
	StockMoves    []StockMove    `json:"stock_moves"` // in the order they were written
	Orders        []Order        `json:"orders"`
	Payments      []Payment      `json:"payments"`
	Ledger        []LedgerEntry  `json:"ledger"`
	Shipments     []Shipment     `json:"shipments"`
	Notifications []Notification `json:"notifications"`
	Users         []string       `json:"users"` // e-mail addresses of users who were not seeded
	Work          Work           `json:"work"`
	Provider      Provider       `json:"provider"`
	Carrier       Carrier        `json:"carrier"`
}

// Stock is a product whose stock has moved since it was seeded.
type Stock struct {
	Product  string `json:"product_id"`
	Initial  int64  `json:"initial"`
	OnHand   int64  `json:"on_hand"`
	Reserved int64  `json:"reserved"`
}

// A StockMove is one line of the append-only stock ledger: restock adds to what is on hand, reserve and release move the reservation,
// commit takes a reserved piece out of the house. Nothing comes back: an order can only be cancelled before its pieces have left.
type StockMove struct {
	Sequence int64  `json:"sequence"`
	Product  string `json:"product_id"`
	Kind     string `json:"kind"` // restock, reserve, release, commit
	Quantity int64  `json:"quantity"`
	Cause    string `json:"cause"` // order id, or idempotency key of the restock
}

// An Order as the store of order taking holds it.
type Order struct {
	ID       string `json:"id"`
	User     string `json:"user_id"`
	Key      string `json:"idempotency_key"`
	State    string `json:"state"`
	Reason   string `json:"reason,omitempty"`
	Total    int64  `json:"total"`
	Currency string `json:"currency"`
	Lines    []Line `json:"lines"`
}

// A Payment of an order. Its id is also the key of the charge at the provider.
type Payment struct {
	ID       string `json:"id"`
	Order    string `json:"order_id"`
	State    string `json:"state"`
	Amount   int64  `json:"amount"`
	Refunded int64  `json:"refunded"`
	Currency string `json:"currency"`
}

// A LedgerEntry is one side of a double entry; the entries of one transaction sum to 0.
type LedgerEntry struct {
	Transaction string `json:"transaction"`
	Account     string `json:"account"`
	Amount      int64  `json:"amount"`
	Currency    string `json:"currency"`
}

// A Shipment of an order. Its id is also the key of the parcel at the carrier.
type Shipment struct {
	ID    string `json:"id"`
	Order string `json:"order_id"`
	State string `json:"state"`
}

// A Notification to a user about a cause.
type Notification struct {
	ID    string `json:"id"`
	User  string `json:"user_id"`
	Kind  string `json:"kind"`
	Cause string `json:"cause"`
}

// Work is what is still to do; all zero when the shop is at rest.
type Work struct {
	OutboxUnpublished int64 `json:"outbox_unpublished"`
	EventsUnconsumed  int64 `json:"events_unconsumed"`
	OrdersPending     int64 `json:"orders_pending"`
	PaymentsInitiated int64 `json:"payments_initiated"`
	ShipmentsPending  int64 `json:"shipments_pending"`
}

// AtRest says whether nothing is left to do.
func (w Work) AtRest() bool { return w == Work{} }

// Provider is the ledger of the payment provider.
type Provider struct {
	Entries  []ProviderEntry `json:"entries"`
	Requests int64           `json:"requests"`
	Replays  int64           `json:"replays"`
}

// A ProviderEntry is one charge or refund.
type ProviderEntry struct {
	Key       string `json:"key"`
	Kind      string `json:"kind"`  // charge, refund
	State     string `json:"state"` // captured, declined, refunded
	Amount    int64  `json:"amount"`
	Currency  string `json:"currency"`
	ChargeKey string `json:"charge_key,omitempty"`
	Requests  int64  `json:"requests"`
}

// Carrier is the ledger of the carrier.
type Carrier struct {
	Parcels  []Parcel `json:"parcels"`
	Requests int64    `json:"requests"`
	Replays  int64    `json:"replays"`
}

// A Parcel the carrier has booked.
type Parcel struct {
	Key      string `json:"key"`
	State    string `json:"state"`
	Requests int64  `json:"requests"`
}
