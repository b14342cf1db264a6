package wishlist

import (
	"context"
	"encoding/json"
	"errors"
	"figlab/api/contract"
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

// products is the sibling that knows names. What it does not know is not in its answers.
type products interface {
	// Lookup is for a decision: without an answer it fails.
	Lookup(ctx context.Context, ids []shop.ProductID) (map[shop.ProductID]string, error)
	// Glance is for showing: false when there is no answer.
	Glance(ctx context.Context, ids []shop.ProductID) (map[shop.ProductID]string, bool)
}

// carts is the sibling that takes a wish that is to be bought, once per key. It answers with the whole cart, as the shopper is to see it.
type carts interface {
	Add(ctx context.Context, key string, p shop.ProductID) (json.RawMessage, error)
}

// Calls are the calls this service makes. The catalog is asked under two policies, since a shopper who only looks is not kept waiting for
// something that can be left out. All may be repeated: a lookup changes nothing, and the cart acts once per key.
func Calls() []call.Policy { return []call.Policy{deciding(), showing(), moving()} }

func deciding() call.Policy {
	return call.Policy{
		To: string(shop.Catalog), Why: "whether there is such a product", Timeout: time.Second, Attempts: 3, Idempotent: true,
	}
}

func showing() call.Policy {
	return call.Policy{
		To: string(shop.Catalog), Why: "today's names", Timeout: 400 * time.Millisecond, Attempts: 2, Idempotent: true,
		Fallback: "names as last seen",
	}
}

// moving takes longer than what the cart itself allows the catalog.
func moving() call.Policy {
	return call.Policy{
		To: string(shop.Cart), Why: "put one of a product in", Timeout: 2 * time.Second, Attempts: 3, Idempotent: true, AsUser: true,
	}
}

// ErrNoCatalog is the answer when something is wished for and the catalog does not say whether there is such a thing.
var ErrNoCatalog = shop.NewError(shop.Unavailable, "catalog-unavailable", "the catalog does not answer just now; no wish was added")

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
func (c catalog) Lookup(ctx context.Context, ids []shop.ProductID) (map[shop.ProductID]string, error) {
	found, err := look(ctx, c.decide, ids)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoCatalog, err) // whatever it is, the shopper has not caused it
	}
	return found, nil
}

// Glance asks the catalog, if it answers soon.
func (c catalog) Glance(ctx context.Context, ids []shop.ProductID) (map[shop.ProductID]string, bool) {
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

func look(ctx context.Context, api *internalapi.ClientWithResponses, ids []shop.ProductID) (map[shop.ProductID]string, error) {
	asked := make([]string, len(ids))
	for i, id := range ids {
		asked[i] = string(id)
	}
	r, err := api.LookupProductsWithResponse(ctx, internalapi.LookupProductsJSONRequestBody{Ids: asked})
	if err != nil {
		return nil, fmt.Errorf("look up products: %w", err)
	}
	if r.JSON200 == nil {
		return nil, fmt.Errorf("look up products: %w", problem.Parse(r.StatusCode(), r.Body))
	}
	found := make(map[shop.ProductID]string, len(ids))
	for _, p := range r.JSON200.Items {
		found[shop.ProductID(p.Id)] = p.Name
	}
	return found, nil
}

type cart struct {
	api *internalapi.ClientWithResponses
}

func newCart(h *host.Host) (cart, error) {
	api, err := client(h, moving())
	return cart{api}, err
}

// certain is a failure of the cart of which the cart says that it had no effect.
type certain struct{ error }

func (c certain) Unwrap() error { return c.error }

// Add asks the cart. What it says about the product is for the shopper and passed on; when it does not answer the wish stays, and may have
// been put in already: the next try finds out.
func (c cart) Add(ctx context.Context, key string, p shop.ProductID) (json.RawMessage, error) {
	r, err := c.api.AddToCartWithResponse(ctx, internalapi.AddToCartJSONRequestBody{Key: key, ProductId: string(p)})
	if err != nil {
		return nil, fmt.Errorf("add to cart: %w", err)
	}
	header := r.HTTPResponse.Header
	if r.JSON200 == nil {
		err := problem.Parse(r.StatusCode(), r.Body)
		if header.Get(contract.NotExecuted) == "1" {
			err = certain{err}
		}
		return nil, fmt.Errorf("add to cart: %w", err)
	}
	if degraded := header.Get(contract.Degraded); degraded != "" {
		host.Degrade(ctx, degraded)
	}
	return *r.JSON200, nil
}
