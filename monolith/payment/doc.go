// Package payment is the monolith's module for money: payments, refunds and a double-entry ledger.
//
// The provider is another company, so no transaction reaches it. A charge is an intent written first, the call under the payment's id as
// idempotency key, then the outcome; a crash in between is resolved by asking again under the same key. What the provider refuses for
// good counts as declined. A refund is booked when it is decided, and carried out until the provider has confirmed it.
//
// Compare: shop/payment for the rules; microservices/payment for the same as a service.
package payment
