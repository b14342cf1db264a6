package apitest

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"figlab/api/problem"
	"figlab/api/shopapi"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// request is one call of an operation.
type request struct {
	args   []string   // path parameters
	query  url.Values //
	body   any        // sent as JSON, unless raw is set
	raw    *string
	media  string // content type; JSON when empty
	as     string // token
	header map[string]string
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// call sends a request and holds the answer to the contract.
func (s *suite) call(t *testing.T, op string, r request) answer {
	t.Helper()
	method, path := s.contract.target(op, r.args)
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path+"?"+r.query.Encode(), r.reader(t))
	if err != nil {
		t.Fatal(err)
	}
	if r.body != nil || r.raw != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.media != "" {
		req.Header.Set("Content-Type", r.media)
	}
	if r.as != "" {
		req.Header.Set("Authorization", "Bearer "+r.as)
	}
	for k, v := range r.header {
		req.Header.Set(k, v)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		t.Fatalf("%s: %v", op, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s: %v", op, err)
	}
	if err := s.contract.answers.Check(t.Context(), op, resp, body); err != nil {
		t.Errorf("%v\n%s", err, body)
	}
	return answer{resp.StatusCode, resp.Header, body}
}

func (r request) reader(t *testing.T) io.Reader {
	t.Helper()
	switch {
	case r.raw != nil:
		return strings.NewReader(*r.raw)
	case r.body != nil:
		b, err := json.Marshal(r.body)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.NewReader(b)
	}
	return nil
}

// get calls an operation that must succeed and returns its answer.
func get[T any](t *testing.T, s *suite, op string, r request) (out T) {
	t.Helper()
	a := s.call(t, op, r)
	if a.status >= http.StatusBadRequest {
		t.Fatalf("%s answered %d: %s", op, a.status, a.body)
	}
	return decode[T](t, a)
}

func decode[T any](t *testing.T, a answer) (out T) {
	t.Helper()
	if err := json.Unmarshal(a.body, &out); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	return out
}

// refused calls an operation that must fail with a status and a problem code.
func (s *suite) refused(t *testing.T, op string, r request, status int, code string) {
	t.Helper()
	a := s.call(t, op, r)
	if d := decode[problem.Document](t, a); a.status != status || d.Type != "urn:figlab:problem:"+code {
		t.Errorf("%s answered %d %s, want %d %s (%s)", op, a.status, d.Type, status, code, d.Detail)
	}
}

// user is somebody who is signed in.
type user struct{ id, email, token string }

func (s *suite) signIn(t *testing.T, email, password string) user {
	t.Helper()
	session := get[shopapi.Session](t, s, "createSession", request{body: shopapi.Credentials{Email: email, Password: password}})
	return user{id: session.UserId, email: email, token: session.Token}
}

const password = "correct horse 9"

// newUser registers somebody who has never been here.
func (s *suite) newUser(t *testing.T, name string) user {
	t.Helper()
	email := strings.ToLower(name) + "-" + strings.ToLower(s.run) + "@example.org"
	get[shopapi.User](t, s, "createUser", request{body: shopapi.NewUser{Email: email, Password: password, Name: name}})
	return s.signIn(t, email, password)
}

// newProduct adds a product with some stock, and waits until every reader knows it.
func (s *suite) newProduct(t *testing.T, name string, cents, stock int64) shopapi.Product {
	t.Helper()
	return s.addProduct(t, shopapi.NewProduct{Name: name, Price: euros(cents)}, stock)
}

// addProduct is newProduct for one that says more; what it leaves out is filled in, and its name tells the run.
func (s *suite) addProduct(t *testing.T, p shopapi.NewProduct, stock int64) shopapi.Product {
	t.Helper()
	p.Sku, p.Name, p.Category = "T-"+rand.Text()[:20], p.Name+" "+s.run, cmp.Or(p.Category, "apitest")
	p.Price, p.WeightGrams = cmp.Or(p.Price, euros(100)), cmp.Or(p.WeightGrams, 400)
	added := get[shopapi.Product](t, s, "createProduct", request{as: s.admin.token, body: p})
	eventually(t, s.sees("catalog"), "the new product can be read", func() bool {
		return s.call(t, "getProduct", request{args: []string{added.Id}}).status == http.StatusOK
	})
	if stock > 0 {
		get[shopapi.Stock](t, s, "restock", request{
			args: []string{added.Id}, as: s.admin.token, header: key("stock-" + added.Id), body: shopapi.Restock{Quantity: stock},
		})
	}
	return added
}

func key(k string) map[string]string { return map[string]string{"Idempotency-Key": k} }

// nobody is an id that names nothing.
const nobody = "01900000-0000-7000-8000-000000000000"
