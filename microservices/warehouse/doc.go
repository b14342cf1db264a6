// Package warehouse is the service for stock: a row per product that the database itself keeps from going below zero, an append-only
// ledger of moves in which each cause appears once, and a reservation per order.
//
// In the monolith an order's pieces move in the transaction of the order. Here the order is somebody else's, so the warehouse has to know
// by itself what it has promised to whom: a reservation is held for a while, kept once it is paid for, and then committed or released. One
// that nobody keeps ends by itself, so a lost order process cannot lock goods up. Every command acts once per order, and says the same when
// it is repeated; a release that comes before its reservation leaves a mark that refuses it.
//
// Compare: shop/warehouse for the arithmetic, monolith/warehouse for the same moves inside the transaction of an order.
package warehouse
