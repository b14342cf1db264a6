package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"figlab/api/contract"
	"figlab/api/internalapi"
	"figlab/api/problem"
	"figlab/api/shopapi"
	"figlab/shop"
	"fmt"
	"net/http"
	"slices"
)

// recommend answers with what is recommended, or that nothing is: a page without it is still a page.
func (g *Gateway) recommend(w http.ResponseWriter, r *http.Request, way *way) error {
	return g.orElse(w, r, way, func(context.Context) (any, error) {
		return shopapi.Recommendations{Items: []shopapi.Recommendation{}}, nil
	})
}

// search answers with what the search finds, or else with the products whose names hold the words.
func (g *Gateway) search(w http.ResponseWriter, r *http.Request, way *way) error {
	return g.orElse(w, r, way, func(ctx context.Context) (any, error) {
		var found internalapi.FoundProducts
		// The catalog holds the query to the same rules as the search would, and does not know the order.
		if err := read(ctx, g.found, at(shop.Catalog)+"/internal/products/find?"+r.URL.RawQuery, &found); err != nil {
			return nil, err
		}
		return result(found.Items, r.URL.Query().Get("sort")), nil
	})
}

// orElse has the service answer, and gives the second best answer when it does not, or fails. What is wrong with the request is told all
// the same. When there is no second best either, the first failure is what the caller is told.
func (g *Gateway) orElse(w http.ResponseWriter, r *http.Request, way *way, second func(context.Context) (any, error)) error {
	answer, err := way.service.RoundTrip(outgoing(r, way))
	if err == nil && answer.StatusCode < http.StatusInternalServerError {
		g.pass(w, answer)
		return nil
	}
	if err != nil && gone(r) {
		return err //nolint:wrapcheck // refuse tells it apart
	}
	best, lost := second(onBehalf(r))
	var wrong *problem.Error
	switch {
	case lost == nil:
		drop(answer)
		g.calls.FellBack(way.Capability)
		return g.tell(w, r, best, way.Capability)
	case errors.As(lost, &wrong) && (wrong.Kind == "malformed" || wrong.Kind == "invalid"):
		drop(answer)
		return lost
	case err != nil:
		return err //nolint:wrapcheck // refuse tells it apart
	}
	g.pass(w, answer)
	return nil
}

// result is what the catalog has found in the shape of the search: as far as it was counted, unweighed.
func result(found []internalapi.FoundProduct, order string) shopapi.SearchResult {
	out := shopapi.SearchResult{Items: make([]shopapi.SearchHit, len(found)), Total: int64(len(found))}
	out.Facets.Category, out.Facets.Price = []shopapi.FacetCount{}, []shopapi.FacetCount{}
	for i, p := range found {
		out.Items[i] = shopapi.SearchHit{
			ProductId: p.Id, Name: p.Name, Category: p.Category, Price: shopapi.Money{Amount: p.Price, Currency: p.Currency}, Score: 1,
		}
	}
	if sign := map[string]int64{"price_asc": 1, "price_desc": -1}[order]; sign != 0 {
		slices.SortStableFunc(out.Items, func(a, b shopapi.SearchHit) int { return int(sign * (a.Price.Amount - b.Price.Amount)) })
	}
	return out
}

// tell answers with what was put together here; lacking names the parts of it that are second best or left out.
func (g *Gateway) tell(w http.ResponseWriter, r *http.Request, answer any, lacking string) error {
	b, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	g.sign(w, r)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if lacking != "" {
		h.Set(contract.Degraded, lacking)
	}
	if _, err := w.Write(b); err != nil {
		g.deps.Log.DebugContext(r.Context(), "answer not sent", "error", err.Error()) // whoever asked does not listen any more
	}
	return nil
}
