package load

import (
	"errors"
	"figlab/bench/load/wire"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"time"
)

// A Config says what to send.
type Config struct {
	URL      string        // http://host:port of the shop
	Mix      string        // shopping, browsing or ordering
	Rate     float64       // arrivals per second; one arrival is one operation, whether or not the shop keeps up
	Duration time.Duration // of the schedule; requests under way at its end are awaited
	Seed     uint64        // of the seeded data, and of what everybody does
	Products int           // seeded products
	Users    int           // seeded users; two loads at the same time must not share them
	Stage    string        // copied into the records
	Clients  string        // prefix of client names and keys, unique in the life of the shop's database
	Epoch    time.Time     // zero of the records' nanoseconds; several loads of one run share it
	Timeout  time.Duration // of one request
	VUs      int           // requests that may be under way at once; 0: as many as can be when every one of them times out
}

// maxVUs bounds what 0 stands for. A virtual user takes about 0.15 MB.
const maxVUs = 1000

// maxRegulars is how many shoppers at most are there from the start; each has so much to do that sessions get somewhere in a short run.
const maxRegulars = 100

// Mixes returns the names of the mixes.
func Mixes() []string { return []string{"browsing", "shopping", "ordering"} }

// Validate returns everything that is wrong, each as a sentence.
func (c Config) Validate() (wrong []error) {
	check := func(ok bool, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Errorf(format, args...))
		}
	}
	u, err := url.Parse(c.URL)
	check(err == nil && u.Scheme == "http" && u.Host != "" && u.Path == "", "the URL %q is not http://host:port", c.URL)
	check(c.Mix == "browsing" || c.Mix == "shopping" || c.Mix == "ordering", "the mix %q is none of %q", c.Mix, Mixes())
	check(c.Rate >= 0.1 && c.Rate <= 10_000, "the rate of %g per second is not between 0.1 and 10,000", c.Rate)
	check(c.Duration >= time.Second, "the duration of %s is below one second", c.Duration)
	check(c.Products > 0, "the load needs the number of seeded products, but it is %d", c.Products)
	check(c.Users > 0, "the load needs the number of seeded users, but it is %d", c.Users)
	check(c.VUs >= 0, "the number of virtual users is negative: %d", c.VUs)
	check(regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,63}$`).MatchString(c.Clients),
		"the prefix of clients %q is not made of up to 64 lower-case letters, digits, dots and hyphens", c.Clients)
	check(!c.Epoch.IsZero(), "the epoch of the records is missing")
	check(c.Timeout >= time.Millisecond, "the timeout of %s is below one millisecond", c.Timeout)
	return wrong
}

// plan works the configuration out.
func (c Config) plan() (wire.Plan, error) {
	if wrong := c.Validate(); len(wrong) > 0 {
		return wire.Plan{}, errors.Join(wrong...)
	}
	p := wire.Plan{
		URL: c.URL, Mix: c.Mix, Every: time.Duration(math.Round(float64(time.Second) / c.Rate)), Duration: c.Duration, Timeout: c.Timeout,
		Seed: c.Seed, Products: c.Products, Users: c.Users, Stage: c.Stage, Clients: c.Clients, Epoch: c.Epoch.Round(0), VUs: c.VUs,
		Regulars: min(max(4, int(math.Ceil(c.Rate/2))), maxRegulars, c.Users),
	}
	if p.VUs == 0 {
		// When the shop stalls, every request lasts its timeout: by Little's law that many are under way, and none needs to be dropped.
		p.VUs = min(5+int(math.Ceil(c.Rate*(c.Timeout+time.Second).Seconds())), maxVUs)
	}
	return p, nil
}
