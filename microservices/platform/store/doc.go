// Package store is a service's own database: SQLite or Postgres through gorm, with the service's own schema migrations.
//
// Times are stored as microseconds since 1970, money as minor units, ids as text: the same in both databases.
package store
