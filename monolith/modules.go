package monolith

import (
	"context"
	"figlab/api/contract"
	"figlab/api/internalapi/auditapi"
	"figlab/api/internalapi/feedapi"
	"figlab/api/shopapi/cartapi"
	"figlab/api/shopapi/catalogapi"
	"figlab/api/shopapi/logisticsapi"
	"figlab/api/shopapi/notificationapi"
	"figlab/api/shopapi/orderprocessingapi"
	"figlab/api/shopapi/ordertakingapi"
	"figlab/api/shopapi/paymentapi"
	"figlab/api/shopapi/recommendationapi"
	"figlab/api/shopapi/searchapi"
	"figlab/api/shopapi/userapi"
	"figlab/api/shopapi/warehouseapi"
	"figlab/api/shopapi/wishlistapi"
	"figlab/internal/process"
	"figlab/monolith/cart"
	"figlab/monolith/catalog"
	"figlab/monolith/logistics"
	"figlab/monolith/notification"
	"figlab/monolith/orderprocessing"
	"figlab/monolith/ordertaking"
	"figlab/monolith/payment"
	"figlab/monolith/platform/db"
	"figlab/monolith/platform/outbox"
	"figlab/monolith/recommendation"
	"figlab/monolith/search"
	"figlab/monolith/user"
	"figlab/monolith/warehouse"
	"figlab/monolith/wishlist"
	"net/http"

	"github.com/labstack/echo/v4"
	"gorm.io/gorm"
)

// modules are the twelve capabilities, wired.
type modules struct {
	user           *user.Module
	catalog        *catalog.Module
	search         *search.Module
	cart           *cart.Module
	wishlist       *wishlist.Module
	taking         *ordertaking.Module
	processing     *orderprocessing.Module
	payment        *payment.Module
	logistics      *logistics.Module
	warehouse      *warehouse.Module
	notification   *notification.Module
	recommendation *recommendation.Module
}

// wire builds the modules, those first that ask nobody.
func wire(ctx context.Context, d *db.DB, cfg Config, deps process.Deps) (*modules, error) {
	out := outbox.New(deps)
	m := &modules{
		search: search.New(d), recommendation: recommendation.New(d), notification: notification.New(d, out, deps),
	}
	m.catalog = catalog.New(d, out, m.search, deps)
	m.cart = cart.New(d, m.catalog)
	m.wishlist = wishlist.New(d, m.catalog, m.cart, deps)
	m.warehouse = warehouse.New(d, out, m.catalog, m.recommendation, deps)
	var err error
	if m.user, err = user.New(ctx, d, out, deps); err != nil {
		return nil, err
	}
	if m.payment, err = payment.New(d, out, m.notification, cfg.Provider, deps); err != nil {
		return nil, err
	}
	if m.logistics, err = logistics.New(d, out, cfg.Carrier, cfg.DispatchDelay, deps); err != nil {
		return nil, err
	}
	// Taking and processing need each other: processing changes the orders that taking keeps.
	ask := &ordertaking.Siblings{Cart: m.cart, Products: m.catalog, Rates: m.logistics}
	m.taking = ordertaking.New(d, out, ask, deps)
	m.processing = orderprocessing.New(d, out, orderprocessing.Siblings{
		Orders: m.taking, Stock: m.warehouse, Payments: m.payment, Shipping: m.logistics,
		Messages: m.notification, Suggestions: m.recommendation,
	}, ordertaking.Wire, deps)
	ask.Processing = m.processing
	return m, nil
}

// seed fills an empty database, in one transaction.
func (m *modules) seed(ctx context.Context, d *db.DB, s Seed) error {
	return d.Write(ctx, func(tx *db.Tx) error {
		var n int64
		if err := tx.Table("user_accounts").Count(&n).Error; err != nil || n > 0 {
			return err
		}
		tx.DB = tx.Session(&gorm.Session{PrepareStmt: false, NewDB: true}) // each batch is a statement of its own: nothing to keep
		if err := user.Seed(ctx, tx, s.Seed, s.Users); err != nil {
			return err
		}
		if err := m.catalog.Seed(ctx, tx, s.Seed, s.Products); err != nil {
			return err
		}
		return warehouse.Seed(ctx, tx, s.Seed, s.Products)
	})
}

// register puts every module's handlers on the server.
func (m *modules) register(e *echo.Echo) {
	userapi.RegisterHandlers(e, userapi.NewStrictHandler(user.HTTP{Module: m.user}, nil))
	searchapi.RegisterHandlers(e, searchapi.NewStrictHandler(search.HTTP{Module: m.search}, nil))
	catalogapi.RegisterHandlers(e, catalogapi.NewStrictHandler(catalog.HTTP{Module: m.catalog}, nil))
	cartapi.RegisterHandlers(e, cartapi.NewStrictHandler(cart.HTTP{Module: m.cart}, nil))
	wishlistapi.RegisterHandlers(e, wishlistapi.NewStrictHandler(wishlist.HTTP{Module: m.wishlist}, nil))
	ordertakingapi.RegisterHandlers(e, ordertakingapi.NewStrictHandler(ordertaking.HTTP{Module: m.taking}, nil))
	orderprocessingapi.RegisterHandlers(e, orderprocessingapi.NewStrictHandler(orderprocessing.HTTP{Module: m.processing}, nil))
	paymentapi.RegisterHandlers(e, paymentapi.NewStrictHandler(payment.HTTP{Module: m.payment}, nil))
	logisticsapi.RegisterHandlers(e, logisticsapi.NewStrictHandler(logistics.HTTP{Module: m.logistics}, nil))
	warehouseapi.RegisterHandlers(e, warehouseapi.NewStrictHandler(warehouse.HTTP{Module: m.warehouse}, nil))
	notificationapi.RegisterHandlers(e, notificationapi.NewStrictHandler(notification.HTTP{Module: m.notification}, nil))
	recommendationapi.RegisterHandlers(e, recommendationapi.NewStrictHandler(recommendation.HTTP{Module: m.recommendation}, nil))
}

// behind returns the handler of the doors behind the shop.
func behind(deps process.Deps, audit auditapi.StrictServerInterface, feed feedapi.StrictServerInterface) http.Handler {
	e := contract.Behind(contract.Options{Name: deps.Name, Log: deps.Log, NewID: deps.IDs.New})
	auditapi.RegisterHandlers(e, auditapi.NewStrictHandler(audit, nil))
	feedapi.RegisterHandlers(e, feedapi.NewStrictHandler(feed, nil))
	return e
}
