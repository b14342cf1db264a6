package main

import (
	"figlab/internal/lab"

	"github.com/spf13/pflag"
)

// shopFlags are the flags of every command that starts a shop.
func shopFlags(f *pflag.FlagSet, o *lab.ShopOptions) {
	f.StringVar(&o.Engine, "engine", "embedded", "where the processes run: embedded")
	f.StringVar(&o.Store, "store", "sqlite", "what they keep their rows in: sqlite, or postgres (a private cluster of the one installed)")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of the data and of the load")
	f.IntVar(&o.Products, "products", 10_000, "products in the catalog")
	f.IntVar(&o.Users, "users", 1_000, "registered users")
	f.BoolVar(&o.Sync, "sync-always", false, "the broker syncs each message to disk before acknowledging it: slower, safe without power")
	f.StringToIntVar(&o.Replicas, "replicas", nil, "instances of services at stage 14, e.g. all=2 or ordertaking=2,cart=3")
}
