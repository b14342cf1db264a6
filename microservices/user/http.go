package user

import (
	"context"
	"figlab/api/internalapi/keysapi"
	"figlab/api/shopapi"
	"figlab/api/shopapi/userapi"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/wire"
	"figlab/shop"

	rules "figlab/shop/user"
)

// HTTP serves the contract's user operations.
type HTTP struct{ *User }

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
	u, err := h.Me(ctx, host.User(ctx))
	if err != nil {
		return nil, err
	}
	return userapi.GetMe200JSONResponse(toWire(u)), nil
}

// UpdateMe changes the caller.
func (h HTTP) UpdateMe(ctx context.Context, r userapi.UpdateMeRequestObject) (userapi.UpdateMeResponseObject, error) {
	u, err := h.Change(ctx, host.User(ctx), r.Body.Name, toAddress(r.Body.Address))
	if err != nil {
		return nil, err
	}
	return userapi.UpdateMe200JSONResponse(toWire(u)), nil
}

// GetJWKS publishes the keys that verify tokens: those that signed one that may still be good, and the one that will sign next.
func (h HTTP) GetJWKS(ctx context.Context, _ userapi.GetJWKSRequestObject) (userapi.GetJWKSResponseObject, error) {
	issuer, err := h.keys.issuer(ctx)
	if err != nil {
		return nil, err
	}
	return userapi.GetJWKS200JSONResponse(issuer.JWKS()), nil
}

// Keys is the door behind the shop by which the ring is turned.
type Keys struct{ *User }

var _ keysapi.StrictServerInterface = Keys{}

// RotateKeys has the next key sign from now on. It may take as long as a key has to be published before it signs.
func (k Keys) RotateKeys(ctx context.Context, _ keysapi.RotateKeysRequestObject) (keysapi.RotateKeysResponseObject, error) {
	issuer, err := k.keys.rotate(ctx)
	if err != nil {
		return nil, err
	}
	var out keysapi.RotateKeys200JSONResponse
	for _, key := range issuer.JWKS().Keys {
		out.Published = append(out.Published, key.Kid)
	}
	out.Current = out.Published[0] // an issuer names the one it signs with first
	k.deps.Log.InfoContext(ctx, "keys rotated", "current", out.Current, "published", len(out.Published))
	return out, nil
}
