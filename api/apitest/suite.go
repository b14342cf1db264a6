package apitest

import (
	"crypto/rand"
	"net/http"
	"slices"
	"testing"
	"time"
)

// Features are what a house promises beyond the contract.
type Features struct {
	// ReadYourWrites lists the capabilities whose readers see a write as soon as it was answered, e.g. "catalog".
	ReadYourWrites []string
	// Settle bounds how long any other reader may lag, and how long an order may take to its next state.
	Settle time.Duration
	// Ships says that the shop ships and delivers within Settle, so that the suite may wait for it.
	Ships bool
}

// Run runs the suite against the shop at a base URL.
func Run(t *testing.T, url string, f Features) {
	s := newSuite(t, url, f)
	for _, group := range []struct {
		name string
		test func(*testing.T)
	}{
		{"http", s.testHTTP},
		{"methods", s.testMethods},
		{"tokens", s.testTokens},
		{"queries", s.testQueries},
		{"hostile", s.testHostile},
		{"pages", s.testGrowing},
		{"user", s.testUser},
		{"catalog", s.testCatalog},
		{"search", s.testSearch},
		{"finding", s.testFinding},
		{"cart", s.testCart},
		{"wishlist", s.testWishlist},
		{"gone", s.testGone},
		{"checkout", s.testCheckout},
		{"orders", s.testOrders},
		{"idempotency", s.testIdempotency},
		{"processing", s.testProcessing},
		{"payment", s.testPayment},
		{"refunds", s.testRefunds},
		{"races", s.testRaces},
		{"strangers", s.testStrangers},
		{"logistics", s.testLogistics},
		{"warehouse", s.testWarehouse},
		{"notification", s.testNotification},
		{"recommendation", s.testRecommendation},
		{"view", s.testView},
	} {
		t.Run(group.name, group.test)
	}
}

// suite is one run against one shop.
type suite struct {
	url      string
	features Features
	http     *http.Client
	contract *checker
	run      string // makes names of this run unique
	admin    user
}

func newSuite(t *testing.T, url string, f Features) *suite {
	t.Helper()
	contract, err := newChecker()
	if err != nil {
		t.Fatal(err)
	}
	if f.Settle == 0 {
		f.Settle = 10 * time.Second
	}
	s := &suite{url: url, features: f, http: &http.Client{Timeout: 30 * time.Second}, contract: contract, run: rand.Text()[:10]}
	s.admin = s.signIn(t, "admin@example.com", "figlab-admin")
	return s
}

// sees returns the bound within which a reader of a capability must see a write: none where the house promises it at once.
func (s *suite) sees(capability string) time.Duration {
	if slices.Contains(s.features.ReadYourWrites, capability) {
		return 0
	}
	return s.features.Settle
}

// eventually looks until ok, at least once, and fails when the bound has passed.
func eventually(t *testing.T, bound time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(bound)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", bound, what)
		}
		time.Sleep(15 * time.Millisecond)
	}
}
