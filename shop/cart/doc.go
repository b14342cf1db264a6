// Package cart holds the rules of the cart: what it may hold, how it changes, and what it costs at today's prices.
package cart
