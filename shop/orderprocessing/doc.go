// Package orderprocessing holds the state machine of an order: which step may follow which, as a pure function.
//
//	pending ──► confirmed ──► shipped ──► delivered
//	   └──► rejected  └──► cancelled
package orderprocessing
