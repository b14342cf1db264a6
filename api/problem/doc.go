// Package problem turns errors into problem documents (RFC 9457) and back: one table relates the kind of an error to its HTTP status.
package problem
