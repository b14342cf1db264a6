// Package ordertaking is the service that places orders and tells what became of them.
//
// Placing asks cart, catalog and logistics, and then is one local transaction: the order and the event that tells of it. Stock and money
// come later, when order processing has heard of the order, so an order is pending when it is answered. A key that comes again finds the
// order it placed; what lies in a cart at one version can be ordered once, whatever the keys.
//
// Compare: shop/ordertaking for the sums, monolith/ordertaking for the same as one transaction over five modules.
package ordertaking
