// Package apitest is the one suite for the shop's contract. It is driven by a base URL alone, so the monolith, the strangler at every stage
// and the gateway are held to the same behaviour.
//
// Every answer is checked against api/shop.yaml. A house declares what consistency it promises; where it does not promise that a reader
// sees a write at once, the suite looks again until the reader has caught up, or fails when it does not in time.
//
// That the suite can fail is tested too: package monolith's tests put a proxy that lies in one way in front of a good shop, for many ways.
//
// It uses the seeded data and users it registers itself, so it can run again and again on the same shop.
package apitest
