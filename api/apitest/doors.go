package apitest

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"figlab/api/token"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// testMethods asks every path by the methods that no operation names: whatever the answer is, it is not a failure of the shop.
func (s *suite) testMethods(t *testing.T) {
	t.Parallel()
	for op := range s.contract.operations {
		_, path := s.contract.target(op, []string{nobody})
		for _, method := range []string{http.MethodHead, http.MethodOptions} {
			if a := s.plain(t, method, path); a.status >= http.StatusInternalServerError {
				t.Errorf("%s %s answered %d", method, path, a.status)
			}
		}
	}
}

// testTokens tries every kind of bad token on every operation that looks at one.
func (s *suite) testTokens(t *testing.T) {
	t.Parallel()
	u := s.newUser(t, "Tom")
	bad := badTokens(t, u)
	for op, o := range s.contract.operations {
		r := request{args: []string{nobody}}
		if o.Body {
			r.body = map[string]any{}
		}
		for name, authorization := range bad {
			r.header = map[string]string{"Authorization": authorization}
			a := s.call(t, op, r)
			if o.Token && (a.status != http.StatusUnauthorized || a.header.Get("WWW-Authenticate") == "") {
				t.Errorf("%s with %s answered %d, want 401 with WWW-Authenticate", op, name, a.status)
			}
			if !o.Token && a.status == http.StatusUnauthorized {
				t.Errorf("%s is for everybody, with %s it answered 401", op, name)
			}
		}
	}
}

// badTokens returns Authorization headers that prove nothing.
func badTokens(t *testing.T, u user) map[string]string {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	boss := token.Claims{User: u.id, Email: u.email, Role: "admin"}
	foreign, err := token.NewIssuer(key).Issue(boss, now, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	expired, err := token.NewIssuer(key).Issue(boss, now.Add(-2*time.Hour), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(u.token, ".")
	promoted := parts[0] + "." + changed(t, parts[1], "role", "admin") + "." + parts[2]
	prolonged := parts[0] + "." + changed(t, parts[1], "exp", now.Add(240*time.Hour).Unix()) + "." + parts[2]
	return map[string]string{
		"garbage": "Bearer abc.def.ghi", "no token": "Bearer ", "another scheme": "Basic " + u.token, "a foreign key": "Bearer " + foreign,
		"an expired token": "Bearer " + expired, "a promoted token": "Bearer " + promoted, "a prolonged token": "Bearer " + prolonged,
		"no signature": "Bearer " + changed(t, parts[0], "alg", "none") + "." + parts[1] + ".",
	}
}

// changed sets a field in one part of a token.
func changed(t *testing.T, part, field string, to any) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]any{}
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	m[field] = to
	if raw, err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// testQueries tries the limits of every list, and parameters the contract does not know: it forbids none, so they change nothing.
func (s *suite) testQueries(t *testing.T) {
	t.Parallel()
	u := s.newUser(t, "Quinn")
	for _, op := range []string{"listProducts", "searchProducts", "getRecommendations", "listOrders", "listNotifications"} {
		ask := func(limit string) request {
			q := url.Values{"limit": {limit}, "colour": {"red"}}
			if op == "searchProducts" {
				q.Set("q", "a")
			}
			return request{as: u.token, query: q}
		}
		for _, limit := range []string{"0", "-1", "201", "many", "1.5", "99999999999999999999"} {
			s.refused(t, op, ask(limit), http.StatusBadRequest, "invalid-request")
		}
		for _, limit := range []int{1, 200} {
			if n := len(get[list](t, s, op, ask(itoa(limit))).Items); n > limit {
				t.Errorf("%s gave %d of at most %d", op, n, limit)
			}
		}
	}
	if n := len(get[list](t, s, "listProducts", request{}).Items); n != 20 {
		t.Errorf("a page holds %d products, 20 are the default", n)
	}
}

// list is what all lists have in common.
type list struct {
	Items []struct {
		ID string `json:"id"`
	} `json:"items"`
	Next string `json:"next"`
}
