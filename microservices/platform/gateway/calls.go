package gateway

import (
	"figlab/api/contract"
	"figlab/microservices/platform/call"
	"figlab/shop"
	"slices"
	"time"
)

// The host takes 256 requests at once. No service that is slow may hold them all, so that there is room for those who ask another.
const (
	readsAtOnce  = 128
	writesAtOnce = 64
	partsAtOnce  = 64
)

// at is where the registry finds a service.
func at(c shop.Capability) string { return "http://" + string(c) }

// reading is how a service is asked what changes nothing. The catalog is read most and answers from memory, within a millisecond or two:
// where one of its instances is slow another is worth asking, long before the shopper would notice.
func reading(c shop.Capability) call.Policy {
	p := call.Policy{To: string(c), Why: "what shoppers read", Timeout: 2 * time.Second, Attempts: 3, Bulkhead: readsAtOnce}
	switch c { //nolint:exhaustive // the others are read alike
	case shop.Catalog:
		p.Hedge = 50 * time.Millisecond
	case shop.Search:
		p.Timeout, p.Attempts, p.Fallback = time.Second, 2, "the catalog looks for the words in names"
	case shop.Recommendation:
		p.Timeout, p.Attempts, p.Fallback = time.Second, 2, "nothing is recommended"
	}
	return p
}

// writing is how a service is asked to change something. Only what carries an Idempotency-Key, or certainly had no effect, is sent again.
func writing(c shop.Capability) call.Policy {
	return call.Policy{To: string(c), Why: "what shoppers change", Timeout: 10 * time.Second, Attempts: 2, Bulkhead: writesAtOnce}
}

// finding is how the catalog is asked in place of the search.
func finding() call.Policy {
	return call.Policy{
		To: string(shop.Catalog), Why: "to find products in place of the search", Timeout: time.Second, Attempts: 2, Bulkhead: partsAtOnce,
	}
}

// A product page does not wait long for what it can do without.
const partWithin = time.Second

func stocking() call.Policy {
	return call.Policy{
		To: string(shop.Warehouse), Why: "the stock of a product page", Timeout: partWithin, Attempts: 2, Bulkhead: partsAtOnce,
		Fallback: "the page shows no stock",
	}
}

func suggesting() call.Policy {
	return call.Policy{
		To: string(shop.Recommendation), Why: "the suggestions of a product page", Timeout: partWithin, Attempts: 2, Bulkhead: partsAtOnce,
		Fallback: "the page suggests nothing",
	}
}

func naming() call.Policy {
	return call.Policy{
		To: string(shop.Catalog), Why: "the names of what a product page suggests", Timeout: partWithin, Attempts: 2, Idempotent: true,
		Bulkhead: partsAtOnce, Fallback: "the page suggests nothing",
	}
}

// asking is how a service is asked to do an operation.
func asking(o contract.Operation) call.Policy {
	if o.Write() {
		return writing(shop.Capability(o.Capability))
	}
	return reading(shop.Capability(o.Capability))
}

// Calls lists whom the gateway asks: every service for the operations of the contract, and some for what is put together here.
func Calls() (all []call.Policy) {
	operations, err := contract.Operations()
	if err != nil {
		return nil // the contract is part of the program: without one there is no gateway, as New says
	}
	for _, o := range operations {
		if p := asking(o); !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	return append(all, finding(), stocking(), suggesting(), naming())
}
