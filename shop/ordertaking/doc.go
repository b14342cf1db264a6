// Package ordertaking holds the rules of placing an order: prices and address are snapshotted, totals add up, and a request that comes
// again under its key is recognised.
package ordertaking
