package microservices

import (
	"context"
	"figlab/internal/process"
	"figlab/microservices/cart"
	"figlab/microservices/catalog"
	"figlab/microservices/logistics"
	"figlab/microservices/notification"
	"figlab/microservices/orderprocessing"
	"figlab/microservices/ordertaking"
	"figlab/microservices/payment"
	"figlab/microservices/platform/call"
	"figlab/microservices/platform/gateway"
	"figlab/microservices/platform/host"
	"figlab/microservices/recommendation"
	"figlab/microservices/search"
	"figlab/microservices/user"
	"figlab/microservices/warehouse"
	"figlab/microservices/wishlist"
	"figlab/shop"
	"time"
)

// Config of a process of the house; each uses what it needs.
type Config struct {
	host.Config
	Catalog       string        // http://host:port where the catalog is served; empty: found by the registry
	Provider      string        // http://host:port of the payment provider
	Carrier       string        // http://host:port of the carrier
	DispatchDelay time.Duration // between confirming and shipping an order
	ClientRate    float64       // requests per second that the gateway takes from one client; 0: any
}

// HostConfig is what every process of the house is told.
type HostConfig = host.Config

// Seed says which data an empty database is filled with.
type Seed = host.Seed

// A Process of the house: built and bound, not yet running.
type Process = host.Host

// A Role builds one process of the house.
type Role func(ctx context.Context, cfg Config, deps process.Deps) (*Process, error)

// Roles are the processes of the house, by name: the twelve services, and the gateway in front of them.
func Roles() map[string]Role {
	plain := func(build func(context.Context, host.Config, process.Deps) (*Process, error)) Role {
		return func(ctx context.Context, cfg Config, deps process.Deps) (*Process, error) {
			return build(ctx, cfg.Config, deps)
		}
	}
	return map[string]Role{
		string(shop.User):            plain(user.New),
		string(shop.Catalog):         plain(catalog.New),
		string(shop.Cart):            plain(cart.New),
		string(shop.Wishlist):        plain(wishlist.New),
		string(shop.OrderTaking):     plain(ordertaking.New),
		string(shop.OrderProcessing): plain(orderprocessing.New),
		string(shop.Warehouse):       plain(warehouse.New),
		string(shop.Notification):    plain(notification.New),
		string(shop.Recommendation):  plain(recommendation.New),
		string(shop.Search): func(ctx context.Context, cfg Config, deps process.Deps) (*Process, error) {
			return search.New(ctx, search.Config{Config: cfg.Config, Catalog: cfg.Catalog}, deps)
		},
		string(shop.Payment): func(ctx context.Context, cfg Config, deps process.Deps) (*Process, error) {
			return payment.New(ctx, payment.Config{Config: cfg.Config, Provider: cfg.Provider}, deps)
		},
		string(shop.Logistics): func(ctx context.Context, cfg Config, deps process.Deps) (*Process, error) {
			return logistics.New(ctx, logistics.Config{Config: cfg.Config, Carrier: cfg.Carrier, DispatchDelay: cfg.DispatchDelay}, deps)
		},
		"gateway": func(_ context.Context, cfg Config, deps process.Deps) (*Process, error) {
			return gateway.New(gateway.Config{Config: cfg.Config, ClientRate: cfg.ClientRate}, deps)
		},
	}
}

// Calls are the declared dependencies of the house: who asks whom, under which policy.
func Calls() map[string][]call.Policy {
	return map[string][]call.Policy{
		string(shop.User):            user.Calls(),
		string(shop.Search):          search.Calls(),
		string(shop.Catalog):         catalog.Calls(),
		string(shop.Cart):            cart.Calls(),
		string(shop.Wishlist):        wishlist.Calls(),
		string(shop.OrderTaking):     ordertaking.Calls(),
		string(shop.OrderProcessing): orderprocessing.Calls(),
		string(shop.Payment):         payment.Calls(),
		string(shop.Logistics):       logistics.Calls(),
		string(shop.Warehouse):       warehouse.Calls(),
		string(shop.Notification):    notification.Calls(),
		string(shop.Recommendation):  recommendation.Calls(),
		"gateway":                    gateway.Calls(),
	}
}
