// Package notification is the service for messages to shoppers. It hears what became of an order or a refund and writes the message, at
// most one of a kind per cause.
//
// Nobody waits for it, so nobody fails with it: while it is away the events wait on the bus, and a message comes late, never twice and
// never about something that did not happen. A shopper may therefore see a confirmed order before the message about it.
//
// Compare: shop/notification for the texts, monolith/notification for the module that writes in the transaction of what it tells about;
// there is no plan yet.
package notification
