package gateway

import (
	"context"
	"figlab/api/contract"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"figlab/shop"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// suggested is how many products a page suggests.
const suggested = 10

// parts are the clients of what a product page is made of.
type parts struct {
	product, stock, suggestions *http.Client
	names                       *internalapi.ClientWithResponses
}

func newParts(c calls) (p parts, err error) {
	p = parts{product: c.Client(reading(shop.Catalog)), stock: c.Client(stocking()), suggestions: c.Client(suggesting())}
	p.names, err = internalapi.NewClientWithResponses(at(shop.Catalog), internalapi.WithHTTPClient(c.Client(naming())))
	if err != nil {
		return p, fmt.Errorf("gateway: %w", err)
	}
	return p, nil
}

// A part of a page, or the service by whose fault it is missing.
type part[T any] struct {
	is      T
	missing shop.Capability
}

// view puts a product page together. The three parts are asked for at the same time; without the product there is no page, and whatever
// the catalog says about it is the answer. The page waits for the others as long as their policies allow, and then does without.
func (g *Gateway) view(w http.ResponseWriter, r *http.Request, _ *way) error {
	ctx, cancel := context.WithCancel(onBehalf(r))
	defer cancel() // nobody wants the other parts once there is no page
	id := strings.Split(r.URL.EscapedPath(), "/")[2]
	stock, suggestions := make(chan part[*shopapi.Stock], 1), make(chan part[[]shopapi.SuggestedProduct], 1)
	go func() { stock <- g.stock(ctx, r, id) }()
	go func() { suggestions <- g.suggest(ctx, r, id) }()
	answer, err := ask(ctx, g.page.product, at(shop.Catalog)+"/products/"+id)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		g.pass(w, answer)
		return nil
	}
	defer drop(answer)
	v := shopapi.ProductView{}
	if err := decode(answer, &v.Product); err != nil {
		return err
	}
	var lacking []string
	lacks := func(what string, by shop.Capability) {
		if by != "" {
			lacking = append(lacking, what)
			g.calls.FellBack(string(by))
		}
	}
	s, also := <-stock, <-suggestions
	lacks("stock", s.missing)
	lacks("recommendations", also.missing)
	v.Stock, v.Recommendations = s.is, also.is
	return g.tell(w, r, v, strings.Join(lacking, ","))
}

// without is a part that is missing. The caller learns of it from the mark on the page, the house from the counts of the calls.
func without[T any](g *Gateway, r *http.Request, none T, by shop.Capability, err error) part[T] {
	g.deps.Log.DebugContext(r.Context(), "part of a page is missing",
		"request_id", r.Header.Get(contract.RequestID), "service", string(by), "error", err.Error())
	return part[T]{none, by}
}

func (g *Gateway) stock(ctx context.Context, r *http.Request, id string) part[*shopapi.Stock] {
	s := &shopapi.Stock{}
	if err := read(ctx, g.page.stock, at(shop.Warehouse)+"/stock/"+id, s); err != nil {
		return without[*shopapi.Stock](g, r, nil, shop.Warehouse, err)
	}
	return part[*shopapi.Stock]{is: s}
}

// suggest returns what goes with a product, named by one look at the catalog.
func (g *Gateway) suggest(ctx context.Context, r *http.Request, id string) part[[]shopapi.SuggestedProduct] {
	none := []shopapi.SuggestedProduct{}
	plain, err := url.PathUnescape(id)
	if err != nil {
		return without(g, r, none, shop.Recommendation, err)
	}
	var found shopapi.Recommendations
	address := fmt.Sprintf("%s/recommendations?product_id=%s&limit=%d", at(shop.Recommendation), url.QueryEscape(plain), suggested)
	if err := read(ctx, g.page.suggestions, address, &found); err != nil {
		return without(g, r, none, shop.Recommendation, err)
	}
	found.Items = found.Items[:min(len(found.Items), suggested)]
	if len(found.Items) == 0 {
		return part[[]shopapi.SuggestedProduct]{is: none}
	}
	named, err := g.name(ctx, found.Items)
	if err != nil {
		return without(g, r, none, shop.Catalog, err)
	}
	return part[[]shopapi.SuggestedProduct]{is: named}
}

// name adds what the catalog knows. What it does not know any more is not suggested.
func (g *Gateway) name(ctx context.Context, found []shopapi.Recommendation) ([]shopapi.SuggestedProduct, error) {
	ids := make([]string, len(found))
	for i, f := range found {
		ids[i] = f.ProductId
	}
	answer, err := g.page.names.LookupProductsWithResponse(ctx, internalapi.ProductLookup{Ids: ids})
	if err != nil {
		return nil, fmt.Errorf("name what a page suggests: %w", err)
	}
	if answer.JSON200 == nil {
		return nil, fmt.Errorf("name what a page suggests: answered %d", answer.StatusCode())
	}
	known := make(map[string]internalapi.FoundProduct, len(found))
	for _, p := range answer.JSON200.Items {
		known[p.Id] = p
	}
	named := make([]shopapi.SuggestedProduct, 0, len(found))
	for _, f := range found {
		if p, ok := known[f.ProductId]; ok {
			named = append(named, shopapi.SuggestedProduct{
				ProductId: p.Id, Name: p.Name, Price: shopapi.Money{Amount: p.Price, Currency: p.Currency}, Reason: f.Reason,
			})
		}
	}
	return named, nil
}
