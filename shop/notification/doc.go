// Package notification holds what shoppers are told, and when.
package notification
