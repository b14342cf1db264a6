// Package oracle judges a run. An oracle is one invariant, in a file of its own; it reads what the clients saw and what the stores hold,
// and says how much it has checked, how often its law was broken, and where.
//
// A clean verdict is earned: an oracle that had nothing to check, or that would need the shop at rest and finds it at work, or half of
// whose evidence was not collected, answers inconclusive and says why. A broken law is violated whatever is missing.
//
// The history begins where the shop was empty. A checkout is named by its user and its Idempotency-Key, and its attempts are one: ok when
// any of them was, else unknown when any of them was, else fail. An unknown write is looked up in the stores by its key: what is found
// was applied, what is not found was not. Two kinds of attempt name their order even when there is no answer: cancelOrder, and
// refundPayment with the amount in Total.
package oracle
