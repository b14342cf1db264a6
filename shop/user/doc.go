// Package user holds the rules about shoppers: what an e-mail address and a password must look like, the roles, and the seeded users.
package user
