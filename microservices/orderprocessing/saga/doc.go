// Package saga holds what happens to an order after it was placed, as a pure step machine: an event comes in, a state and effects come out.
// Shells keep the state, carry the effects out over the wire and bring back what came of them; testdata tells every path as a story.
//
//	reserving ──► authorising ──► shipping ──► confirming ──► confirmed ──► committing ──► shipped ──► delivered
//	  │    │           │ declined                  │ expired     │   ▲
//	  │    └ deadline ─┴─► releasing               ▼             ▼   │ too late
//	  │ out of stock           │             compensating    cancelling ──► cancelled
//	  └────────► rejected ◄────┴───────────────────┘
//
// A crash may fall between any two effects, two shells may drive one order, and an answer may come late or twice. That this does no harm
// rests on what every callee owes:
//   - it acts once per order and key, and answers a repeated call as it answered the first;
//   - the warehouse never takes pieces for an order that it has refused, let expire or released;
//   - logistics never books a shipment that it has recalled, nor recalls one that the carrier may know of. It should book only what is
//     confirmed: else an order whose reservation expires after the booking is rejected with a parcel on the carrier's books.
//
// The machine gives its part: while an outcome is unknown the call is left for no other, except Reserve, which Release makes void, and
// Recall, which news of the booking answer; and no operation is asked for twice in one order's life, so that its name tells a stale answer.
package saga
