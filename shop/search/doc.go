// Package search holds the rules of finding: how a query falls into terms, how well a product answers it, how hits are ordered and how
// they are counted into facets. Stores only retrieve candidates, so every house and database ranks alike.
package search
