// Package warehouse holds the arithmetic of stock. A piece on hand is free or reserved; an order first reserves, then commits when the
// parcel leaves the house, or releases when it does not.
//
// On hand counts the reserved pieces too, so that at every moment, for every product: initial + restocked = on hand + committed, and
// 0 ≤ reserved ≤ on hand. A cancelled order releases, because it can only be cancelled before its pieces have left.
package warehouse
