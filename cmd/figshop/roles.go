package main

import (
	"context"
	"figlab/internal/bus"
	"figlab/internal/identity"
	"figlab/internal/partner/carrier"
	"figlab/internal/partner/provider"
	"figlab/internal/process"
	"figlab/microservices"
	"figlab/monolith"
	"figlab/strangler"
	"time"
)

// running is a process that is built and bound.
type running interface {
	Run(ctx context.Context) error
	Addr() string
}

// A role builds one kind of process.
type role func(ctx context.Context, f flags, deps process.Deps) (running, error)

func roles() map[string]role {
	all := map[string]role{
		"monolith": func(ctx context.Context, f flags, deps process.Deps) (running, error) {
			return monolith.New(ctx, monolith.Config{
				Listen: f.listen, Admin: f.admin, AdminToken: f.token, Data: f.data, Store: f.store, DSN: f.dsn,
				Broker: f.broker, Provider: f.provider, Carrier: f.carrier,
				Seed:          monolith.Seed{Products: f.products, Users: f.users, Seed: f.seed},
				DispatchDelay: f.dispatchDelay,
			}, deps)
		},
		"provider": func(_ context.Context, f flags, deps process.Deps) (running, error) {
			return provider.New(provider.Config{Listen: f.listen, Data: f.data}, deps)
		},
		"carrier": func(_ context.Context, f flags, deps process.Deps) (running, error) {
			return carrier.New(carrier.Config{Listen: f.listen, Data: f.data, DeliverAfter: f.deliverAfter}, deps)
		},
		"strangler": func(_ context.Context, f flags, deps process.Deps) (running, error) {
			return strangler.New(strangler.Config{
				Listen: f.listen, Admin: f.admin, AdminToken: f.token, Data: f.data, Broker: f.broker,
			}, deps)
		},
		"broker": func(_ context.Context, f flags, deps process.Deps) (running, error) {
			return bus.NewServer(bus.ServerConfig{Listen: f.listen, Data: f.data, SyncAlways: f.syncAlways}, deps)
		},
	}
	for name, build := range microservices.Roles() {
		all[name] = func(ctx context.Context, f flags, deps process.Deps) (running, error) {
			cfg, err := f.service()
			if err != nil {
				return nil, err
			}
			return build(ctx, cfg, deps)
		}
	}
	return all
}

// service is what the processes of the microservice house are told.
func (f flags) service() (microservices.Config, error) {
	who, err := identity.Load(f.identity, f.authority, time.Now)
	if err != nil {
		return microservices.Config{}, err
	}
	return microservices.Config{
		Config: microservices.HostConfig{
			Listen: f.listen, Admin: f.admin, AdminToken: f.token, Data: f.data, Database: f.database, Store: f.store, DSN: f.dsn,
			Broker: f.broker, Keys: f.keys, Owns: f.owns, Seed: microservices.Seed{Products: f.products, Users: f.users, Seed: f.seed},
			Identity: who, Most: f.most,
		},
		Catalog: f.catalog, Provider: f.provider, Carrier: f.carrier, DispatchDelay: f.dispatchDelay, ClientRate: f.clientRate,
	}, nil
}
