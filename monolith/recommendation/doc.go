// Package recommendation is the monolith's module for what goes with what. It counts in the transaction that confirms an order, so its
// counts are never behind.
//
// Compare: shop/recommendation for the ranking, microservices/recommendation for the service, which counts when it hears of the order.
package recommendation
