package cart

import (
	"context"
	"figlab/shop"
	"slices"

	rules "figlab/shop/cart"
)

// A product as the catalog knows it, or knew it when it was last asked.
type product struct {
	Name   string
	Price  shop.Money
	OnSale bool
}

// gone says that the catalog has no such product: each has a name.
func (p product) gone() bool { return p.Name == "" }

// kept is a cart as this service holds it: with its products as they were last seen.
type kept struct {
	rules.Cart
	seen map[shop.ProductID]product
}

func (c kept) products() []shop.ProductID {
	ids := make([]shop.ProductID, len(c.Items))
	for i, item := range c.Items {
		ids[i] = item.Product
	}
	return ids
}

// see remembers what was found about the products in the cart, and says whether any of it is new.
func (c *kept) see(found map[shop.ProductID]product) (fresh bool) {
	if c.seen == nil {
		c.seen = map[shop.ProductID]product{}
	}
	for _, item := range c.Items {
		now, before := found[item.Product], c.seen[item.Product]
		if now.gone() || now.Name == before.Name && now.Price == before.Price {
			continue
		}
		c.seen[item.Product], fresh = now, true
	}
	return fresh
}

// price puts names and prices to a cart: those found now, and for what was not asked about, because it came in meanwhile, those last seen.
// A product that has gone is not shown.
func price(c kept, found map[shop.ProductID]product) (v View, err error) {
	v.Version = c.Version
	for _, item := range c.Items {
		p, asked := found[item.Product]
		if !asked {
			p = c.seen[item.Product]
		}
		if p.gone() {
			continue
		}
		line, err := rules.Price(item, p.Name, p.Price)
		if err != nil {
			return View{}, err
		}
		v.Lines = append(v.Lines, line)
	}
	v.Subtotal, err = rules.Subtotal(v.Lines)
	return v, err
}

// show prices a cart with one look at the catalog, or as last seen when there is no answer.
func (s *Cart) show(ctx context.Context, user shop.UserID, c kept) (View, error) {
	if len(c.Items) == 0 {
		return price(c, nil)
	}
	found, ok := s.products.Glance(ctx, c.products())
	v, err := price(c, found)
	v.Old = !ok
	if c.see(found) {
		// The shopper has seen this price, and must not see an older one later. The cart itself does not change: neither does its version.
		if err := s.db.Write(ctx, sight(user, c)); err != nil {
			s.deps.Log.WarnContext(ctx, "prices not remembered", "error", err.Error())
		}
	}
	return v, err
}

// onSale asks about a product that is to be put in and, for the answer, about what is in already: one call for both.
func (s *Cart) onSale(ctx context.Context, user shop.UserID, p shop.ProductID) (map[shop.ProductID]product, error) {
	c, _, err := find(s.db.Read(ctx), user)
	if err != nil {
		return nil, err
	}
	ids := c.products()
	if !slices.Contains(ids, p) {
		ids = append(ids, p)
	}
	found, err := s.products.Lookup(ctx, ids)
	switch {
	case err != nil:
		return nil, err
	case found[p].gone():
		return nil, shop.ErrNoProduct
	case !found[p].OnSale:
		return nil, shop.ErrNotForSale
	}
	return found, nil
}
