// Package contract holds a house to the public contract: it builds the echo server on which a house registers its generated handlers,
// validates requests against api/shop.yaml before a handler sees them, authenticates callers, and answers every failure with a problem
// document.
package contract
