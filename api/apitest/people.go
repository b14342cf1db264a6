package apitest

import (
	"figlab/api/problem"
	"figlab/api/shopapi"
	"figlab/api/token"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// testHTTP checks what holds for every path.
func (s *suite) testHTTP(t *testing.T) {
	for path, want := range map[string]int{"/no/such/path": http.StatusNotFound, "/orders/x/y/z": http.StatusNotFound} {
		a := s.plain(t, http.MethodGet, path)
		if d := decode[problem.Document](t, a); a.status != want || d.Status != want || d.RequestID == "" {
			t.Errorf("GET %s answered %d %+v, want a problem with %d", path, a.status, d, want)
		}
	}
	if a := s.plain(t, http.MethodDelete, "/products"); a.status != http.StatusMethodNotAllowed {
		t.Errorf("DELETE /products answered %d, want 405", a.status)
	}
	a := s.call(t, "listCategories", request{header: map[string]string{"X-Request-Id": "my-request-0001"}})
	if got := a.header.Get("X-Request-Id"); got != "my-request-0001" {
		t.Errorf("a sane request id came back as %q", got)
	}
}

func (s *suite) plain(t *testing.T, method, path string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body := make([]byte, 4096)
	n, _ := resp.Body.Read(body) // a problem document is shorter
	return answer{resp.StatusCode, resp.Header, body[:n]}
}

func (s *suite) testUser(t *testing.T) {
	t.Parallel()
	u := s.newUser(t, "Ada")
	good := shopapi.NewUser{Email: "x-" + u.email, Password: password, Name: "X"}
	s.badBodies(t, "createUser", request{body: good}, map[string][]any{
		"email": {missing, "nobody", 7}, "password": {missing, "short"}, "name": {missing, "", strings.Repeat("n", 121)},
		"address": {"here", map[string]any{"line1": "a", "city": "b", "postcode": "c", "country": "Portugal"}},
	})
	s.refused(t, "createUser", request{body: shopapi.NewUser{Email: strings.ToUpper(u.email), Password: password, Name: "Again"}},
		http.StatusConflict, "email-taken")

	s.badBodies(t, "createSession", request{body: shopapi.Credentials{Email: u.email, Password: password}},
		map[string][]any{"email": {missing, 1}, "password": {missing, ""}})
	for _, c := range []shopapi.Credentials{{Email: u.email, Password: "wrong password"}, {Email: "never-" + u.email, Password: password}} {
		s.refused(t, "createSession", request{body: c}, http.StatusUnauthorized, "wrong-credentials")
	}

	s.signedIn(t, "getMe", request{})
	me := get[shopapi.User](t, s, "getMe", request{as: u.token})
	if me.Id != u.id || me.Email != u.email || me.Role != shopapi.Customer || me.Address != nil {
		t.Errorf("me is %+v", me)
	}
	s.signedIn(t, "updateMe", request{body: shopapi.UserPatch{Name: &me.Name}})
	s.badBodies(t, "updateMe", request{as: u.token, body: map[string]any{"name": "A"}}, map[string][]any{"name": {missing, "", 3}})
	name, home := "Ada L.", shopapi.Address{Line1: "1 Road", City: "Lisboa", Postcode: "1000", Country: "PT"}
	changed := get[shopapi.User](t, s, "updateMe", request{as: u.token, body: shopapi.UserPatch{Name: &name, Address: &home}})
	if changed.Name != name || changed.Address == nil || *changed.Address != home {
		t.Errorf("changed to %+v", changed)
	}
	if again := get[shopapi.User](t, s, "getMe", request{as: u.token}); again.Name != name {
		t.Errorf("the change was forgotten: %+v", again)
	}
	s.testKeys(t, u)
}

// testKeys checks that the published keys verify a session.
func (s *suite) testKeys(t *testing.T, u user) {
	t.Helper()
	get[shopapi.JWKS](t, s, "getJWKS", request{})
	v := token.NewVerifier(token.NewRemote(s.http, s.url+"/.well-known/jwks.json", time.Now), time.Now)
	c, err := v.Verify(t.Context(), u.token)
	if err != nil || c.User != u.id || c.Email != u.email || c.Admin() {
		t.Errorf("the published keys give %+v, %v", c, err)
	}
	if _, err := v.Verify(t.Context(), u.token[:len(u.token)-4]+"AAAA"); err == nil {
		t.Error("a token with a broken signature verifies")
	}
}

func (s *suite) testNotification(t *testing.T) {
	t.Parallel()
	s.signedIn(t, "listNotifications", request{})
	s.signedIn(t, "readNotification", request{args: []string{nobody}})
	u, other := s.newUser(t, "Nell"), s.newUser(t, "Ned")
	p := s.newProduct(t, "bell", 500, 20)
	for range 3 {
		s.order(t, u, p.Id, 1, "tok_ok")
	}
	var all []shopapi.Notification
	eventually(t, s.sees("notification"), "three confirmations", func() bool {
		all = s.allNotifications(t, u, 2)
		n := 0
		for _, m := range all {
			if m.Kind == shopapi.OrderConfirmed {
				n++
			}
		}
		return n == 3
	})
	first := all[0]
	read := get[shopapi.Notification](t, s, "readNotification", request{args: []string{first.Id}, as: u.token})
	again := get[shopapi.Notification](t, s, "readNotification", request{args: []string{first.Id}, as: u.token})
	if read.ReadAt == nil || again.ReadAt == nil || !again.ReadAt.Equal(*read.ReadAt) {
		t.Errorf("read at %v, then at %v: the first time counts", read.ReadAt, again.ReadAt)
	}
	s.refused(t, "readNotification", request{args: []string{first.Id}, as: other.token}, http.StatusNotFound, "notification-not-found")
	s.refused(t, "listNotifications", request{as: u.token, query: url.Values{"after": {"zzz"}}}, http.StatusBadRequest, "invalid-cursor")
}

// allNotifications pages to the end; pages must neither overlap nor leave anything out, newest first.
func (s *suite) allNotifications(t *testing.T, u user, limit int) (all []shopapi.Notification) {
	t.Helper()
	q := url.Values{"limit": {itoa(limit)}}
	for {
		page := get[shopapi.NotificationPage](t, s, "listNotifications", request{as: u.token, query: q})
		all = append(all, page.Items...)
		if page.Next == nil {
			break
		}
		q.Set("after", *page.Next)
	}
	for i := 1; i < len(all); i++ {
		if all[i].Id >= all[i-1].Id {
			t.Fatalf("message %s comes after %s", all[i].Id, all[i-1].Id)
		}
	}
	return all
}
