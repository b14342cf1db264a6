// Package payment holds the rules of money: the states of a payment, how much of it may go back, and the double entries of the ledger.
package payment
