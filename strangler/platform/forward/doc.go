// Package forward carries requests to the house that the route decided for, and to the monolith when the service does not answer and the
// plan allows it.
//
// It is a reverse proxy of its own rather than the standard library's because a fallback must be chosen before the first byte of an answer
// is passed on. Only reads without a body are ever sent twice; whatever may have had an effect is sent once, and what is told about it is
// the truth: refused with X-Not-Executed when no byte went out, otherwise unknown.
package forward
