// Package db is the monolith's one database: SQLite or Postgres through gorm, versioned schema migrations, one transaction per use case.
//
// A use case writes inside Write, and hands its *Tx to whoever takes part in the same transaction; it reads outside one through Read.
// Times are stored as microseconds since 1970, money as minor units, ids as text: the same in both databases.
package db
