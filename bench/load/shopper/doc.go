// Package shopper holds the people of the load: a crowd of seeded users, each with a session, a cart, orders and a seeded will of its own,
// and the operations of the contract they can do. It sends every request itself and records every attempt exactly once.
//
// What is done next is not decided here: the script asks the shopper what it has and names an operation. A shopper is not a virtual user of
// the generator: those are as many as requests may hang at once, and hardly any of them is busy when the shop is well.
package shopper
