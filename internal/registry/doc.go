// Package registry keeps who runs where: a process holds a lease on its entry and renews it while it is healthy; whoever calls it watches.
// The entries live in a key-value bucket of the broker, and expire when their holder no longer renews them.
//
// While the broker is away a watcher keeps the last instances it knew: the registry must not be able to stop calls that would succeed. When
// it is back their holders have the time of one lease to renew their entries; who has not done so by then is gone.
package registry
