package apitest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// signedIn checks that an operation takes nobody without a good token.
func (s *suite) signedIn(t *testing.T, op string, r request) {
	t.Helper()
	for name, token := range map[string]string{"none": "", "garbage": "abc", "forged": strings.Repeat("e30.", 2) + "sig"} {
		r.as = token
		a := s.call(t, op, r)
		if a.status != http.StatusUnauthorized || a.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s with token %q (%s) answered %d, want 401 with WWW-Authenticate", op, token, name, a.status)
		}
	}
}

// adminOnly checks that an operation takes admins alone.
func (s *suite) adminOnly(t *testing.T, op string, r request, customer user) {
	t.Helper()
	s.signedIn(t, op, r)
	r.as = customer.token
	s.refused(t, op, r, http.StatusForbidden, "forbidden")
}

// badBodies checks that an operation refuses what its contract forbids: good is a body it takes, wrong sets fields to bad values.
func (s *suite) badBodies(t *testing.T, op string, r request, wrong map[string][]any) {
	t.Helper()
	good := fields(t, r.body)
	for name, values := range wrong {
		for _, v := range values {
			bad := map[string]any{}
			for k, g := range good {
				bad[k] = g
			}
			if bad[name] = v; v == missing {
				delete(bad, name)
			}
			r.body = bad
			s.refused(t, op, r, http.StatusBadRequest, "invalid-request")
		}
	}
	good["unknown_field"] = 1
	r.body = good
	s.refused(t, op, r, http.StatusBadRequest, "invalid-request")

	cut, huge, empty := `{"a":`, `{"a":"`+strings.Repeat("x", 70<<10)+`"}`, ""
	r.raw = &cut
	s.refused(t, op, r, http.StatusBadRequest, "invalid-request")
	r.raw = &empty
	s.refused(t, op, r, http.StatusBadRequest, "invalid-request")
	r.raw = &huge
	s.refused(t, op, r, http.StatusRequestEntityTooLarge, "too-large")
	r.raw, r.media = &cut, "text/plain"
	s.refused(t, op, r, http.StatusUnsupportedMediaType, "unsupported-media-type")
}

// missing stands for a field that is left out.
const missing = "\x00missing"

func fields(t *testing.T, body any) (out map[string]any) {
	t.Helper()
	b, err := json.Marshal(body)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// keyed checks that an operation wants a sane idempotency key.
func (s *suite) keyed(t *testing.T, op string, r request) {
	t.Helper()
	for _, k := range []string{"", "short", strings.Repeat("k", 129), "white space in it"} {
		if r.header = key(k); k == "" {
			r.header = nil
		}
		s.refused(t, op, r, http.StatusBadRequest, "invalid-request")
	}
}
