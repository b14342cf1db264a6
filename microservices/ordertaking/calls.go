package ordertaking

import (
	"context"
	"figlab/api/internalapi"
	"figlab/api/problem"
	"figlab/api/shopapi"
	"figlab/microservices/platform/call"
	"figlab/microservices/platform/host"
	"figlab/shop"
	"fmt"
	"time"
)

// Placing an order needs the cart, the catalog and a shipping rate; without one of them no order is placed, and the caller may try again
// under the same key. Only that the cart is emptied can wait: the cart hears of the order.

// Calls declares whom this service asks.
func Calls() []call.Policy { return []call.Policy{toCart(), toCatalog(), toLogistics()} }

func toCart() call.Policy {
	return call.Policy{
		To: string(shop.Cart), Why: "what is to be bought; that it was ordered", Timeout: 2 * time.Second, Attempts: 3,
		Idempotent: true, AsUser: true,
	}
}

func toCatalog() call.Policy {
	return call.Policy{
		To: string(shop.Catalog), Why: "names, prices and weights", Timeout: 2 * time.Second, Attempts: 3, Idempotent: true,
	}
}

func toLogistics() call.Policy {
	return call.Policy{To: string(shop.Logistics), Why: "what shipping costs", Timeout: 2 * time.Second, Attempts: 3}
}

// carts is the cart, as far as this service needs it.
type carts interface {
	read(ctx context.Context) (contents, error)
	ordered(ctx context.Context, id shop.OrderID, items []item) error
}

// catalog knows what is for sale at which price.
type catalog interface {
	lookup(ctx context.Context, items []item) (map[shop.ProductID]product, error)
}

// rates knows what shipping costs.
type rates interface {
	rate(ctx context.Context, country string, weight shop.Grams, service string) (shop.Money, error)
}

// contents of a cart.
type contents struct {
	version int64
	items   []item
}

type item struct {
	product  shop.ProductID
	quantity shop.Quantity
}

type product struct {
	name   string
	price  shop.Money
	weight shop.Grams
	onSale bool
}

// siblings asks over the wire.
type siblings struct {
	cart, products *internalapi.ClientWithResponses
	shipping       *shopapi.ClientWithResponses
}

func dial(h *host.Host) (s siblings, err error) {
	if s.cart, err = internalapi.NewClientWithResponses("http://cart", internalapi.WithHTTPClient(h.Client(toCart()))); err != nil {
		return s, err
	}
	s.products, err = internalapi.NewClientWithResponses("http://catalog", internalapi.WithHTTPClient(h.Client(toCatalog())))
	if err != nil {
		return s, err
	}
	s.shipping, err = shopapi.NewClientWithResponses("http://logistics", shopapi.WithHTTPClient(h.Client(toLogistics())))
	return s, err
}

func (s siblings) read(ctx context.Context) (contents, error) {
	r, err := s.cart.ReadCartWithResponse(ctx)
	if err != nil {
		return contents{}, fmt.Errorf("read cart: %w", err)
	}
	if r.JSON200 == nil {
		return contents{}, fmt.Errorf("read cart: %w", problem.Parse(r.StatusCode(), r.Body))
	}
	c := contents{version: r.JSON200.Version, items: make([]item, len(r.JSON200.Items))}
	for i, q := range r.JSON200.Items {
		c.items[i] = item{shop.ProductID(q.ProductId), shop.Quantity(q.Quantity)}
	}
	return c, nil
}

func (s siblings) ordered(ctx context.Context, id shop.OrderID, items []item) error {
	body := internalapi.CartOrdered{OrderId: string(id), Items: make([]internalapi.Quantity, len(items))}
	for i, it := range items {
		body.Items[i] = internalapi.Quantity{ProductId: string(it.product), Quantity: int64(it.quantity)}
	}
	r, err := s.cart.TakeOrderedWithResponse(ctx, body)
	if err == nil && r.JSON200 == nil {
		err = problem.Parse(r.StatusCode(), r.Body)
	}
	if err != nil {
		return fmt.Errorf("empty cart: %w", err)
	}
	return nil
}

// errNoCatalog is returned where the catalog refuses to be asked: whatever it is, the shopper has not caused it.
var errNoCatalog = shop.NewError(shop.Unavailable, "catalog-unavailable", "prices are not to be had at the moment; nothing was ordered")

func (s siblings) lookup(ctx context.Context, items []item) (map[shop.ProductID]product, error) {
	ids := make([]string, len(items))
	for i, it := range items {
		ids[i] = string(it.product)
	}
	r, err := s.products.LookupProductsWithResponse(ctx, internalapi.ProductLookup{Ids: ids})
	if err != nil {
		return nil, fmt.Errorf("look up products: %w", err)
	}
	if r.JSON200 == nil {
		return nil, fmt.Errorf("%w: %w", errNoCatalog, problem.Parse(r.StatusCode(), r.Body))
	}
	found := make(map[shop.ProductID]product, len(r.JSON200.Items))
	for _, p := range r.JSON200.Items {
		found[shop.ProductID(p.Id)] = product{
			p.Name, shop.Money{Amount: p.Price, Currency: shop.Currency(p.Currency)}, shop.Grams(p.WeightGrams), p.OnSale,
		}
	}
	return found, nil
}

// errNoRate is returned for a shipping service that does not go there.
var errNoRate = shop.NewError(shop.Invalid, "no-shipping", "this shipping service does not go there")

func (s siblings) rate(ctx context.Context, country string, weight shop.Grams, service string) (shop.Money, error) {
	r, err := s.shipping.QuoteShippingWithResponse(ctx, &shopapi.QuoteShippingParams{Country: country, Weight: max(int64(weight), 1)})
	if err != nil {
		return shop.Money{}, fmt.Errorf("shipping rate: %w", err)
	}
	if r.JSON200 == nil {
		return shop.Money{}, fmt.Errorf("shipping rate: %w", problem.Parse(r.StatusCode(), r.Body))
	}
	for _, q := range r.JSON200.Items {
		if string(q.Service) == service {
			return shop.Money{Amount: q.Price.Amount, Currency: shop.Currency(q.Price.Currency)}, nil
		}
	}
	return shop.Money{}, errNoRate
}
