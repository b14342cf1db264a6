// Package logistics is the service for shipping: quotes, shipments, and two workers. The dispatcher books what is due at the carrier, the
// listener follows the carrier's events; of several replicas one does each.
//
// In the monolith a shipment is planned, and its order shipped, in the transaction of the order. Here a shipment is planned on command,
// before the order is certain, and becomes due when the news come that the order is confirmed; that a parcel was booked or delivered is
// told in an event, and order processing draws its conclusions. The carrier is another company as before: a shipment is claimed in one
// transaction, booked under its id as idempotency key, and only then written as booked. From the claim on it can no longer be recalled.
//
// Compare: shop/logistics for the rates, monolith/logistics for the same shipments inside the transaction of an order.
package logistics
