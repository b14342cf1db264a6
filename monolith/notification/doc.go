// Package notification is the monolith's module for messages to shoppers. A message is written in the transaction of what it tells about,
// at most one of a kind per cause.
//
// Compare: shop/notification for the texts, microservices/notification for the service, which hears of it afterwards.
package notification
