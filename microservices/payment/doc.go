// Package payment is the service for money: payments, refunds and a double-entry ledger.
//
// Taking an order's money is asked for by order processing, once per order however often it asks: an intent written first, the call to the
// provider under the payment's id as idempotency key, then the outcome. While the provider does not answer nobody guesses: whoever asks
// again makes the service ask again. A refund is booked when it is decided, and carried out until the provider has confirmed it.
//
// Compare: shop/payment for the rules, monolith/payment for the same inside one database.
package payment
