// Package call is how one service asks another: every call of the house goes through a client with a declared policy, and the admin door
// shows what was declared and what came of it.
//
// What a call passes, from the outside in: its time (the caller's budget, if that is less, and it is told to the callee), a place in the
// bulkhead, tries that are paid for by a budget of retries, a hedge for slow reads, the breaker of the service, and the choice of an
// instance. Each try is ours: the transport is kept from repeating a write by itself.
//
// An error says whether the call certainly had no effect; see NotExecuted. That is the difference between "sorry" and "we do not know".
package call
