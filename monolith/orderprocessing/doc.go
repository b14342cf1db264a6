// Package orderprocessing is the monolith's module for what happens to an order after it was placed: stock, payment, shipping, messages.
//
// Accept, Settle, Shipped, Delivered and Cancel are each one transaction over six modules. The provider is asked between Accept and
// Settle; the sweeper finishes whatever a crash left between the two.
//
// Compare: shop/orderprocessing for the state machine, microservices/orderprocessing for the same as a saga of calls.
package orderprocessing
