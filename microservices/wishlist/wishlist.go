package wishlist

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"figlab/api/shopapi/wishlistapi"
	"figlab/internal/process"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"
	"slices"

	rules "figlab/shop/wishlist"
)

//go:embed migrations/*.sql
var migrations embed.FS

// A Wishlist is the service.
type Wishlist struct {
	db       *store.Store
	deps     process.Deps
	products products
	carts    carts
}

// New opens the service's database and binds its addresses.
func New(ctx context.Context, cfg host.Config, deps process.Deps) (_ *host.Host, err error) {
	h, err := host.New(string(shop.Wishlist), cfg, deps)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Close())
		}
	}()
	db, err := h.Store(ctx, migrations)
	if err != nil {
		return nil, err
	}
	s := &Wishlist{db: db, deps: deps}
	if s.products, err = newCatalog(h, deps); err != nil {
		return nil, err
	}
	if s.carts, err = newCart(h); err != nil {
		return nil, err
	}
	public, err := h.Contract()
	if err != nil {
		return nil, err
	}
	middleware := []wishlistapi.StrictMiddlewareFunc{notExecuted}
	wishlistapi.RegisterHandlers(public, wishlistapi.NewStrictHandler(HTTP{s}, middleware))
	h.Serve()
	return h, nil
}

// A Wish with the name its product had when it was last seen.
type Wish struct {
	rules.Wish
	Name string
}

// A View is a wishlist, oldest wish first.
type View struct {
	Wishes []Wish
	Old    bool // names are those last seen
}

// Show returns the caller's wishes.
func (s *Wishlist) Show(ctx context.Context, user shop.UserID) (View, error) {
	wishes, err := load(s.db.Read(ctx), user)
	if err != nil {
		return View{}, err
	}
	return s.show(ctx, user, wishes), nil
}

// Wish adds a product. The catalog is asked before the transaction begins: a lock waits for no other process.
func (s *Wishlist) Wish(ctx context.Context, user shop.UserID, p shop.ProductID) (View, error) {
	found, err := s.exists(ctx, user, p)
	if err != nil {
		return View{}, err
	}
	var wishes []Wish
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		held, err := lock(tx, user)
		if err != nil {
			return err
		}
		more, err := rules.Add(bare(held), p, s.deps.Now().UTC())
		if err != nil {
			return err
		}
		if len(more) > len(held) {
			if err := add(tx, user, Wish{more[len(more)-1], found[p]}); err != nil {
				return err
			}
		}
		wishes, err = load(tx.DB, user)
		return err
	})
	if err != nil {
		return View{}, fmt.Errorf("wish: %w", err)
	}
	named, _ := name(wishes, found)
	return View{Wishes: named}, nil
}

// Forget gives a wish up.
func (s *Wishlist) Forget(ctx context.Context, user shop.UserID, p shop.ProductID) (View, error) {
	var wishes []Wish
	err := s.db.Write(ctx, func(tx *store.Tx) (err error) {
		if err := remove(tx, user, p); err != nil {
			return err
		}
		wishes, err = load(tx.DB, user)
		return err
	})
	if err != nil {
		return View{}, fmt.Errorf("forget wish: %w", err)
	}
	return s.show(ctx, user, wishes), nil
}

// MoveToCart has one of a wished product put into the cart, and then gives up the wish. The order matters: broken off between the two, it
// leaves a wish too many, and the next try repeats both under the same key. The other way round a wish could be lost.
func (s *Wishlist) MoveToCart(ctx context.Context, user shop.UserID, p shop.ProductID) (json.RawMessage, error) {
	w, err := find(s.db.Read(ctx), user, p)
	if err != nil {
		return nil, err
	}
	cart, err := s.carts.Add(ctx, key(user, w), p)
	if err != nil {
		return nil, fmt.Errorf("move wish to cart: %w", err)
	}
	// The same wish, not one for the same product that was made since.
	if err := s.db.Write(ctx, func(tx *store.Tx) error { return fulfil(tx, user, w) }); err != nil {
		return nil, fmt.Errorf("move wish to cart: %w", err)
	}
	return cart, nil
}

// key names the move of one wish: a product that is wished for again has another one.
func key(user shop.UserID, w Wish) string {
	return fmt.Sprintf("wish:%s:%s:%d", user, w.Product, store.Micros(w.Added))
}

// exists asks about a product that is wished for and, for the answer, about the wishes that are there: one call for both.
func (s *Wishlist) exists(ctx context.Context, user shop.UserID, p shop.ProductID) (map[shop.ProductID]string, error) {
	wishes, err := load(s.db.Read(ctx), user)
	if err != nil {
		return nil, err
	}
	asked := ids(wishes)
	if !slices.Contains(asked, p) {
		asked = append(asked, p)
	}
	found, err := s.products.Lookup(ctx, asked)
	if err != nil {
		return nil, err
	}
	if found[p] == "" {
		return nil, shop.ErrNoProduct
	}
	return found, nil
}

// show names wishes with one look at the catalog, or as last seen when there is no answer.
func (s *Wishlist) show(ctx context.Context, user shop.UserID, wishes []Wish) View {
	if len(wishes) == 0 {
		return View{}
	}
	found, ok := s.products.Glance(ctx, ids(wishes))
	named, renamed := name(wishes, found)
	if len(renamed) > 0 {
		if err := s.db.Write(ctx, func(tx *store.Tx) error { return rename(tx, user, renamed) }); err != nil {
			s.deps.Log.WarnContext(ctx, "names not remembered", "error", err.Error())
		}
	}
	return View{Wishes: named, Old: !ok}
}

// name gives wishes the names that were found, and says for which that is another one. What was not found keeps its name.
func name(wishes []Wish, found map[shop.ProductID]string) (named, renamed []Wish) {
	named = slices.Clone(wishes)
	for i, w := range wishes {
		if now := found[w.Product]; now != "" && now != w.Name {
			named[i].Name = now
			renamed = append(renamed, named[i])
		}
	}
	return named, renamed
}

func ids(wishes []Wish) []shop.ProductID {
	all := make([]shop.ProductID, len(wishes))
	for i, w := range wishes {
		all[i] = w.Product
	}
	return all
}

func bare(wishes []Wish) []rules.Wish {
	all := make([]rules.Wish, len(wishes))
	for i, w := range wishes {
		all[i] = w.Wish
	}
	return all
}
