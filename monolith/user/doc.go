// Package user is the monolith's module for shoppers: they register, sign in, and change their own data.
//
// Passwords are kept as argon2id hashes; a session is a signed token, so no other module asks this one who is calling. The signing key
// lives in the database and is made at the first start.
//
// Compare: shop/user for the rules, microservices/user for the service, whose replicas share a ring of keys that turns.
package user
