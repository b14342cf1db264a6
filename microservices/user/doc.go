// Package user is the service for shoppers: they register, sign in, and change their own data. It issues the session tokens of the house.
//
// Nobody asks it who is calling. A token says so, and whoever verifies one fetches the public keys now and then: all other services go on
// while this one is away, except that nobody can sign in. Its replicas share accounts and keys in one database; what the monolith decides
// by being one process is decided here by unique constraints. And a key is not for ever: the ring turns without signing anybody out.
//
// Compare: shop/user for the rules, monolith/user for the module with one key that never changes; there is no plan yet.
package user
