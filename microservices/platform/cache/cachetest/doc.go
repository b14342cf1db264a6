// Package cachetest is what every cache of the house does, whatever it is made of.
package cachetest
