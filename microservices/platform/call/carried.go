package call

import (
	"context"
	"figlab/api/contract"
	"net/http"
	"strconv"
	"time"
)

// What a call tells its callee besides what it asks.
const (
	PathHeader     = "X-Call-Path" // the services the request has passed, e.g. gateway>ordertaking>cart
	BudgetHeader   = contract.Budget
	IdentityHeader = contract.ServiceToken
)

// carried is what a request brings along for the calls that are made on its behalf.
type carried struct{ path, request string }

type carriedKey struct{}

func from(ctx context.Context) carried {
	c, _ := ctx.Value(carriedKey{}).(carried)
	return c
}

// Path is the services the request of ctx has passed.
func Path(ctx context.Context) string { return from(ctx).path }

// WithPath notes the services the request has passed.
func WithPath(ctx context.Context, path string) context.Context {
	c := from(ctx)
	c.path = path
	return context.WithValue(ctx, carriedKey{}, c)
}

// WithRequest notes the id of the request, which is passed on with every call.
func WithRequest(ctx context.Context, id string) context.Context {
	c := from(ctx)
	c.request = id
	return context.WithValue(ctx, carriedKey{}, c)
}

// Budget is how long the caller of a request will wait, as far as it says so.
func Budget(h http.Header) (time.Duration, bool) {
	ms, err := strconv.ParseUint(h.Get(BudgetHeader), 10, 31)
	return time.Duration(ms) * time.Millisecond, err == nil
}
