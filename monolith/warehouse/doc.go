// Package warehouse is the monolith's module for stock: a row per product that the database itself keeps from going below zero, and an
// append-only ledger of moves in which each cause appears once.
//
// Orders reserve when they are placed, commit when the parcel leaves the house, release when it never will.
//
// Compare: shop/warehouse for the arithmetic, microservices/warehouse for stock that is reserved on command, and for a while.
package warehouse
