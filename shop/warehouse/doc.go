// Package warehouse holds the arithmetic of stock. A piece on hand is free or reserved; an order first reserves, then commits when the
// parcel leaves the house, or releases when it does not.
package warehouse
