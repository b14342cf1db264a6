// Package feed copies the rows of a capability from the house that owns them to the one that will: a backfill in chunks, and beside it a
// live tail of every change.
//
// The tail's consumer exists before the first row is copied, so no change falls between the two; the target applies a row only when its
// version is newer than what it holds, so it does not matter which of the two brings it first, or how often. The backfill's cursor is
// committed by the target together with the rows: after a crash of either side the feed goes on where the target stands.
package feed
