// Package api holds the contract: the public API of the shop, what its processes say to one another, and the code generated from both.
//
// Nothing here knows an implementation: the houses import api, api imports nothing of ours.
package api

//go:generate sh generate.sh
