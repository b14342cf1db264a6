// Package session says who is calling: the contract has verified the token before a handler runs.
package session

import (
	"context"
	"figlab/api/token"
	"figlab/shop"
)

// ErrAdmin is returned to callers who are not admins.
var ErrAdmin = shop.NewError(shop.Forbidden, "forbidden", "this takes the admin role")

// User returns the id of the signed-in caller, or "" where an operation takes anybody.
func User(ctx context.Context) shop.UserID {
	c, _ := token.From(ctx)
	return shop.UserID(c.User)
}

// Admin returns ErrAdmin unless the caller has the admin role.
func Admin(ctx context.Context) error {
	if c, ok := token.From(ctx); !ok || !c.Admin() {
		return ErrAdmin
	}
	return nil
}
