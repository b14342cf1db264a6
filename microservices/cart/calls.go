package cart

import (
	"context"
	"errors"
	"figlab/api/internalapi"
	"figlab/api/problem"
	"figlab/internal/process"
	"figlab/microservices/platform/call"
	"figlab/microservices/platform/host"
	"figlab/shop"
	"fmt"
	"net/http"
	"time"
)

// products is the sibling that knows names, prices and what is on sale.
type products interface {
	// Lookup is for a decision: without an answer it fails. Every product asked for is in the answer, empty when there is no such.
	Lookup(ctx context.Context, ids []shop.ProductID) (map[shop.ProductID]product, error)
	// Glance is for showing: false when there is no answer.
	Glance(ctx context.Context, ids []shop.ProductID) (map[shop.ProductID]product, bool)
}

// Calls are the calls this service makes: to the catalog, under two policies, since a shopper who only looks is not kept waiting for
// something that can be left out. A lookup changes nothing, so both may be repeated.
func Calls() []call.Policy { return []call.Policy{deciding(), showing()} }

func deciding() call.Policy {
	return call.Policy{
		To: string(shop.Catalog), Why: "whether a product is on sale", Timeout: time.Second, Attempts: 3, Idempotent: true,
	}
}

func showing() call.Policy {
	return call.Policy{
		To: string(shop.Catalog), Why: "today's names and prices", Timeout: 400 * time.Millisecond, Attempts: 2, Idempotent: true,
		Fallback: "names and prices as last seen",
	}
}

// ErrNoCatalog is the answer when something is to be put in and the catalog does not say whether it is for sale.
var ErrNoCatalog = shop.NewError(shop.Unavailable, "catalog-unavailable", "the catalog does not answer just now; the cart was not changed")

type catalog struct {
	decide, show *internalapi.ClientWithResponses
	calls        *call.Caller
	deps         process.Deps
}

func newCatalog(h *host.Host, deps process.Deps) (c catalog, err error) {
	c = catalog{calls: h.Calls(), deps: deps}
	if c.decide, err = client(h, deciding()); err != nil {
		return catalog{}, err
	}
	c.show, err = client(h, showing())
	return c, err
}

func client(h *host.Host, p call.Policy) (*internalapi.ClientWithResponses, error) {
	api, err := internalapi.NewClientWithResponses("http://"+p.To, internalapi.WithHTTPClient(h.Client(p)))
	if err != nil {
		return nil, fmt.Errorf("client of %s: %w", p.To, err)
	}
	return api, nil
}

// Lookup asks the catalog.
func (c catalog) Lookup(ctx context.Context, ids []shop.ProductID) (map[shop.ProductID]product, error) {
	found, err := look(ctx, c.decide, ids)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoCatalog, err) // whatever it is, the shopper has not caused it
	}
	return found, nil
}

// Glance asks the catalog, if it answers soon.
func (c catalog) Glance(ctx context.Context, ids []shop.ProductID) (map[shop.ProductID]product, bool) {
	found, err := look(ctx, c.show, ids)
	if err == nil {
		return found, true
	}
	c.calls.FellBack(string(shop.Catalog))
	// That it is away is counted and shown by the calls door; a refusal is a defect, which the fallback must not hide.
	if told := new(problem.Error); !errors.As(err, &told) || problem.StatusOf(told.Kind) < http.StatusInternalServerError {
		c.deps.Log.ErrorContext(ctx, "the catalog refuses to be asked", "error", err.Error())
	}
	return nil, false
}

func look(ctx context.Context, api *internalapi.ClientWithResponses, ids []shop.ProductID) (map[shop.ProductID]product, error) {
	found, asked := make(map[shop.ProductID]product, len(ids)), make([]string, len(ids))
	for i, id := range ids {
		found[id], asked[i] = product{}, string(id)
	}
	r, err := api.LookupProductsWithResponse(ctx, internalapi.LookupProductsJSONRequestBody{Ids: asked})
	if err != nil {
		return nil, fmt.Errorf("look up products: %w", err)
	}
	if r.JSON200 == nil {
		return nil, fmt.Errorf("look up products: %w", problem.Parse(r.StatusCode(), r.Body))
	}
	for _, p := range r.JSON200.Items {
		found[shop.ProductID(p.Id)] = product{p.Name, shop.Money{Amount: p.Price, Currency: shop.Currency(p.Currency)}, p.OnSale}
	}
	return found, nil
}
