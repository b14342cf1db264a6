package warehouse

import (
	"context"
	"figlab/api/internalapi"
	"figlab/api/problem"
	"figlab/microservices/platform/call"
	"figlab/microservices/platform/host"
	"figlab/shop"
	"fmt"
	"slices"
	"time"
)

// The catalog is asked about products that have no row here, which are few, and never within a checkout.

func existence() call.Policy {
	return call.Policy{
		To: string(shop.Catalog), Why: "does a product exist that was never in stock", Timeout: time.Second, Attempts: 3, Idempotent: true,
	}
}

// Calls lists whom this service asks.
func Calls() []call.Policy { return []call.Policy{existence()} }

type catalog struct {
	api *internalapi.ClientWithResponses
}

func newCatalog(h *host.Host) (catalog, error) {
	api, err := internalapi.NewClientWithResponses("http://"+string(shop.Catalog), internalapi.WithHTTPClient(h.Client(existence())))
	if err != nil {
		return catalog{}, fmt.Errorf("catalog: %w", err)
	}
	return catalog{api}, nil
}

// Exists returns shop.ErrNoProduct for a product that the catalog does not know.
func (c catalog) Exists(ctx context.Context, id shop.ProductID) error {
	answer, err := c.api.LookupProductsWithResponse(ctx, internalapi.ProductLookup{Ids: []string{string(id)}})
	if err != nil {
		return fmt.Errorf("look up product %s: %w", id, err)
	}
	if answer.JSON200 == nil {
		return fmt.Errorf("look up product %s: %w", id, problem.Parse(answer.StatusCode(), answer.Body))
	}
	if !slices.ContainsFunc(answer.JSON200.Items, func(p internalapi.FoundProduct) bool { return p.Id == string(id) }) {
		return shop.ErrNoProduct
	}
	return nil
}
