package recommendation

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"figlab/api/shopapi/recommendationapi"
	"figlab/internal/process"
	"figlab/microservices/platform/cache"
	"figlab/microservices/platform/host"
	"figlab/microservices/platform/store"
	"figlab/shop"
	"fmt"
	"slices"
	"time"

	rules "figlab/shop/recommendation"
)

//go:embed migrations/*.sql
var migrations embed.FS

// keptFor is how long a stranger may be told what another one was told.
const keptFor = time.Second

// A Recommendation service counts what is bought and suggests what goes with it.
type Recommendation struct {
	db   *store.Store
	kept cache.Cache // what strangers are told, as the bytes that go out
}

// New opens the service's database and binds its addresses.
func New(ctx context.Context, cfg host.Config, deps process.Deps) (_ *host.Host, err error) {
	h, err := host.New(string(shop.Recommendation), cfg, deps)
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
	kept := cache.NewMemory(cache.Options{Name: "suggestions", TTL: keptFor, Now: deps.Now})
	h.Cache(kept.Stats)
	r := &Recommendation{db: db, kept: kept}
	h.Consume(r.subscription())
	public, err := h.Contract()
	if err != nil {
		return nil, err
	}
	recommendationapi.RegisterHandlers(public, recommendationapi.NewStrictHandler(HTTP{r}, nil))
	h.Serve()
	return h, nil
}

// For returns suggestions: what was bought together with a product (if given), then what goes with the user's own purchases (if signed
// in), then what is popular. Nobody is shown the product they are looking at.
func (r *Recommendation) For(ctx context.Context, user shop.UserID, product shop.ProductID, limit int) ([]rules.Suggestion, error) {
	q := r.db.Read(ctx)
	var found []rules.Suggestion
	if product != "" {
		with, err := together(q, product, limit)
		if err != nil {
			return nil, err
		}
		found = append(found, with...)
	}
	if user != "" {
		own, err := history(q, user, limit)
		if err != nil {
			return nil, err
		}
		found = append(found, own...)
	}
	most, err := popular(q, limit+1) // one of them may be the product itself
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(append(found, most...), func(s rules.Suggestion) bool { return s.Product == product })
	return rules.Rank(found, limit), nil
}

// ForStranger is For nobody in particular, encoded: all who ask the same within a second get the same.
func (r *Recommendation) ForStranger(ctx context.Context, product shop.ProductID, limit int) ([]byte, error) {
	return r.kept.Get(ctx, fmt.Sprint(limit, ":", product), func(ctx context.Context) ([]byte, error) {
		found, err := r.For(ctx, "", product, limit)
		if err != nil {
			return nil, err
		}
		body, err := json.Marshal(toWire(found))
		if err != nil {
			return nil, fmt.Errorf("encode suggestions: %w", err)
		}
		return body, nil
	})
}
