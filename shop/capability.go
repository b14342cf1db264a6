package shop

import "slices"

// A Capability is one of the twelve things the shop can do. Each has a folder of its name in shop, monolith, microservices and strangler.
type Capability string

// The twelve capabilities.
const (
	User            Capability = "user"
	Search          Capability = "search"
	Catalog         Capability = "catalog"
	Cart            Capability = "cart"
	Wishlist        Capability = "wishlist"
	OrderTaking     Capability = "ordertaking"
	OrderProcessing Capability = "orderprocessing"
	Payment         Capability = "payment"
	Logistics       Capability = "logistics"
	Warehouse       Capability = "warehouse"
	Notification    Capability = "notification"
	Recommendation  Capability = "recommendation"
)

// Capabilities returns all twelve, in the order every table of the lab uses.
func Capabilities() []Capability {
	return []Capability{
		User, Search, Catalog, Cart, Wishlist, OrderTaking,
		OrderProcessing, Payment, Logistics, Warehouse, Notification, Recommendation,
	}
}

// Known says whether c is one of the twelve.
func (c Capability) Known() bool { return slices.Contains(Capabilities(), c) }
