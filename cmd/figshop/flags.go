package main

import (
	"figlab/internal/identity"
	"figlab/internal/process"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// flags of all roles; a role ignores what it has no use for.
type flags struct {
	name, listen, admin, token, data string
	store, dsn, database             string
	broker, provider, carrier        string
	catalog, keys                    string
	links                            process.Links
	leash                            bool
	readyFD                          int
	products, users                  int
	seed                             uint64
	dispatchDelay, deliverAfter      time.Duration
	syncAlways, owns                 bool
	most                             int
	clientRate                       float64
	identity, authority              string // never on the command line, where everybody can read them
}

// parse returns the role and its flags, or one error that names the remedy.
func parse(args []string, stderr io.Writer) (role, flags, error) {
	names := strings.Join(slices.Sorted(maps.Keys(roles())), ", ")
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return nil, flags{}, fmt.Errorf("say which role: figshop ROLE [flags], with a role of %s", names)
	}
	r, ok := roles()[args[0]]
	if !ok {
		return nil, flags{}, fmt.Errorf("no role %q: want one of %s", args[0], names)
	}
	f := flags{links: process.Links{}, token: os.Getenv("FIGLAB_ADMIN_TOKEN")}
	f.identity, f.authority = os.Getenv(identity.EnvIdentity), os.Getenv(identity.EnvAuthority)
	set := f.set(args[0])
	set.SetOutput(stderr)
	if err := set.Parse(args[1:]); err != nil {
		return nil, flags{}, err
	}
	if set.NArg() > 0 {
		return nil, flags{}, fmt.Errorf("%s takes flags only, but got %q", args[0], set.Arg(0))
	}
	if f.data == "" {
		return nil, flags{}, fmt.Errorf("--data is missing: the folder %s keeps its files in", args[0])
	}
	return r, f, nil
}

func (f *flags) set(role string) *flag.FlagSet {
	set := flag.NewFlagSet("figshop "+role, flag.ContinueOnError)
	set.StringVar(&f.name, "name", role, "name of this instance")
	set.StringVar(&f.listen, "listen", "127.0.0.1:0", "public address")
	set.StringVar(&f.admin, "admin", "127.0.0.1:0", "address of the doors behind the shop; their token is in FIGLAB_ADMIN_TOKEN")
	set.StringVar(&f.data, "data", "", "folder of this instance's files")
	set.StringVar(&f.store, "store", "sqlite", "sqlite or postgres")
	set.StringVar(&f.database, "database", "", "folder of the SQLite file that the replicas of a service share (default: --data)")
	set.BoolVar(&f.owns, "owns", false, "the service owns its rows: it seeds them, takes the writes and tells of them")
	set.IntVar(&f.most, "most", 0, "requests a service works on at once (0: its default)")
	set.Float64Var(&f.clientRate, "client-rate", 1000, "requests per second the gateway takes from one client (0: any)")
	set.StringVar(&f.dsn, "dsn", "", "address of this instance's Postgres database")
	set.StringVar(&f.broker, "broker", "", "nats://host:port")
	set.StringVar(&f.provider, "provider", "", "http://host:port of the payment provider")
	set.StringVar(&f.carrier, "carrier", "", "http://host:port of the carrier")
	set.StringVar(&f.catalog, "catalog", "", "http://host:port of whoever serves the catalog (default: the catalog service)")
	set.StringVar(&f.keys, "keys", "", "http://host:port/.well-known/jwks.json, the keys of session tokens (default: the user service)")
	set.Var(f.links, "link", "real=via: dial via instead of real (repeatable)")
	set.BoolVar(&f.leash, "leash", false, "stop when standard input ends")
	set.IntVar(&f.readyFD, "ready-fd", 0, "file descriptor to write the ready line to (0: standard output)")
	set.IntVar(&f.products, "products", 10_000, "products to seed an empty database with")
	set.IntVar(&f.users, "users", 1_000, "users to seed an empty database with")
	set.Uint64Var(&f.seed, "seed", 1, "seed of the seeded data")
	set.DurationVar(&f.dispatchDelay, "dispatch-delay", 2*time.Second, "time between confirming and shipping an order")
	set.DurationVar(&f.deliverAfter, "deliver-after", 3*time.Second, "time the carrier takes")
	set.BoolVar(&f.syncAlways, "sync-always", false, "the broker syncs every message to disk before acknowledging it")
	return set
}
