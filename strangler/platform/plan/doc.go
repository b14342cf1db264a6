// Package plan is the grammar of a migration plan: which operations a capability has, at which stage its reads leave the monolith, by which
// shares, how its rows reach the service, and who answers when the service does not.
//
// A plan is data. What acts on it is in the packages beside: route decides by it, forward falls back by it, feed copies by it.
package plan
