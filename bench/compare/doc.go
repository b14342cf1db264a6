// Package compare relates two things measured in the same run: absolute times of a small shared machine mean little, their ratio means
// something when both were measured in turn, request by request.
package compare
