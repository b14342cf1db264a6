// Package logistics is the monolith's module for shipping: quotes, shipments, and two workers. The dispatcher books what is due at the
// carrier, the listener follows the carrier's events.
//
// The carrier is another company: a shipment is claimed in one transaction, booked under its id as idempotency key, and only then is the
// order shipped. From the claim on an order can no longer be cancelled.
//
// Compare: shop/logistics for the rates, microservices/logistics for shipments that are planned before their order is certain.
package logistics
