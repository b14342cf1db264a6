package token

import "context"

type (
	claimsKey struct{}
	signedKey struct{}
)

// With returns a context that carries the caller's claims.
func With(ctx context.Context, c Claims) context.Context {
	return context.WithValue(ctx, claimsKey{}, c)
}

// From returns the caller's claims, if the caller is signed in.
func From(ctx context.Context) (Claims, bool) {
	c, ok := ctx.Value(claimsKey{}).(Claims)
	return c, ok
}

// WithSigned returns a context that carries the caller's token as it came, so that a service can ask another one in the caller's name. Only
// a token that was verified belongs there.
func WithSigned(ctx context.Context, signed string) context.Context {
	return context.WithValue(ctx, signedKey{}, signed)
}

// Signed returns the caller's token, or nothing.
func Signed(ctx context.Context) string {
	signed, _ := ctx.Value(signedKey{}).(string)
	return signed
}
