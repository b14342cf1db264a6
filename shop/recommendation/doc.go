// Package recommendation holds the rules of recommending: which products of an order belong together, and how suggestions are ordered.
package recommendation
