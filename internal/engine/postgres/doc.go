// Package postgres starts a private Postgres from the server binaries of the machine: on a free loopback port, with its own data folder and
// a random password, as an unprivileged user when the caller is root. It ends with its parent, and what a killed parent left is ended by
// the next start.
//
// A fresh cluster is copied from one that initdb made once per user and server version, because initdb takes longer than everything else.
package postgres
