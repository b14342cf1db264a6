// Package orderprocessing is the service for what happens to an order after it was placed: stock, payment, shipping.
//
// In the monolith each step of an order is one transaction over six modules, and what a crash leaves is one open payment. Here the six are
// processes with databases of their own, so an order is a saga: package saga says what is to be done next, as a pure machine, and this
// package is the shell around it. A step is one call to a sibling, which acts once per order however often it is asked, and one local
// transaction that keeps the state, the order's events and what is told of them; it is written over the version before alone. So a crash
// between the call and the transaction is followed by the same call, and two drivers of one order do no harm: one of them finds that the
// step was made.
//
// Compare: shop/orderprocessing for the states the shopper sees, monolith/orderprocessing for the same in one transaction.
package orderprocessing
