// Package gateway is the single entry of the house: it knows which service answers an operation of the contract, and carries the request to
// one of its instances.
//
// Every request of the house passes here, so it does what saves the services work, and nothing that is theirs. A token is looked at where
// the contract wants one, and refused when it is bad; the service that gets the request looks again. One client cannot take what is there
// for all. A body is bounded, and never understood. What callers must not say themselves (who a service is, by which way a request came)
// is taken off. How a service is asked, and what if it does not answer, is declared in calls.go and done by package call.
//
// Two operations have a second best answer when their service is away, and one is put together here from three services: see fallback.go
// and page.go. An answer that lacks something says so in X-Degraded.
package gateway
