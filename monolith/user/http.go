package user

import (
	"context"
	"figlab/api/shopapi"
	"figlab/api/shopapi/userapi"
	"figlab/monolith/platform/session"
	"figlab/monolith/platform/wire"
	"figlab/shop"

	rules "figlab/shop/user"
)

// HTTP serves the contract's user operations.
type HTTP struct{ *Module }

var _ userapi.StrictServerInterface = HTTP{}

func toWire(u rules.User) shopapi.User {
	w := shopapi.User{Id: string(u.ID), Email: u.Email, Name: u.Name, Role: shopapi.Role(u.Role), CreatedAt: u.Created}
	if u.Address != nil {
		a := wire.Address(*u.Address)
		w.Address = &a
	}
	return w
}

func toAddress(a *shopapi.Address) *shop.Address {
	if a == nil {
		return nil
	}
	address := wire.ToAddress(*a)
	return &address
}

// CreateUser registers a shopper.
func (h HTTP) CreateUser(ctx context.Context, r userapi.CreateUserRequestObject) (userapi.CreateUserResponseObject, error) {
	u, err := h.Register(ctx, r.Body.Email, r.Body.Password, r.Body.Name, toAddress(r.Body.Address))
	if err != nil {
		return nil, err
	}
	return userapi.CreateUser201JSONResponse(toWire(u)), nil
}

// CreateSession signs in.
func (h HTTP) CreateSession(ctx context.Context, r userapi.CreateSessionRequestObject) (userapi.CreateSessionResponseObject, error) {
	signed, expires, id, err := h.SignIn(ctx, r.Body.Email, r.Body.Password)
	if err != nil {
		return nil, err
	}
	return userapi.CreateSession201JSONResponse{Token: signed, TokenType: shopapi.Bearer, ExpiresAt: expires, UserId: string(id)}, nil
}

// GetMe returns the caller.
func (h HTTP) GetMe(ctx context.Context, _ userapi.GetMeRequestObject) (userapi.GetMeResponseObject, error) {
	u, err := h.Me(ctx, session.User(ctx))
	if err != nil {
		return nil, err
	}
	return userapi.GetMe200JSONResponse(toWire(u)), nil
}

// UpdateMe changes the caller.
func (h HTTP) UpdateMe(ctx context.Context, r userapi.UpdateMeRequestObject) (userapi.UpdateMeResponseObject, error) {
	u, err := h.Change(ctx, session.User(ctx), r.Body.Name, toAddress(r.Body.Address))
	if err != nil {
		return nil, err
	}
	return userapi.UpdateMe200JSONResponse(toWire(u)), nil
}

// GetJWKS publishes the key that verifies tokens.
func (h HTTP) GetJWKS(context.Context, userapi.GetJWKSRequestObject) (userapi.GetJWKSResponseObject, error) {
	return userapi.GetJWKS200JSONResponse(h.issuer.JWKS()), nil
}
