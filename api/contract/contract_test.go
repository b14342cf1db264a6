package contract_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"figlab/api/contract"
	"figlab/api/problem"
	"figlab/api/shopapi"
	"figlab/api/shopapi/catalogapi"
	"figlab/api/shopapi/recommendationapi"
	"figlab/api/token"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
)

const (
	id    = "01900000-0000-7000-8000-000000000001"
	crash = "01900000-0000-7000-8000-00000000dead"
	panik = "01900000-0000-7000-8000-00000000beef"
	good  = `{"sku":"TEA-1","name":"Tea","category":"kitchen","price":{"amount":350,"currency":"EUR"},"weight_grams":100}`
)

// house is a shop of two capabilities: it remembers who called and answers what it was sent.
type house struct{ caller chan string }

func (h house) called(ctx context.Context) {
	c, _ := token.From(ctx)
	h.caller <- c.User
}

func (h house) ListCategories(
	context.Context, catalogapi.ListCategoriesRequestObject,
) (catalogapi.ListCategoriesResponseObject, error) {
	return catalogapi.ListCategories200JSONResponse{Items: []shopapi.Category{}}, nil
}

func (h house) ListProducts(context.Context, catalogapi.ListProductsRequestObject) (catalogapi.ListProductsResponseObject, error) {
	return catalogapi.ListProducts200JSONResponse{Items: []shopapi.Product{}}, nil
}

func (h house) CreateProduct(
	ctx context.Context, r catalogapi.CreateProductRequestObject,
) (catalogapi.CreateProductResponseObject, error) {
	h.called(ctx)
	return catalogapi.CreateProduct201JSONResponse(product(r.Body.Name, r.Body.WeightGrams)), nil
}

func (h house) GetProduct(_ context.Context, r catalogapi.GetProductRequestObject) (catalogapi.GetProductResponseObject, error) {
	switch r.Id {
	case crash:
		return nil, errors.New("the disk said: secret")
	case panik:
		panic("secret")
	}
	return catalogapi.GetProduct200JSONResponse(product("Tea", 1)), nil
}

func (h house) UpdateProduct(
	ctx context.Context, r catalogapi.UpdateProductRequestObject,
) (catalogapi.UpdateProductResponseObject, error) {
	h.called(ctx)
	return catalogapi.UpdateProduct200JSONResponse(product(*r.Body.Name, 1)), nil
}

func (h house) GetRecommendations(
	ctx context.Context, _ recommendationapi.GetRecommendationsRequestObject,
) (recommendationapi.GetRecommendationsResponseObject, error) {
	h.called(ctx)
	return recommendationapi.GetRecommendations200JSONResponse{Items: []shopapi.Recommendation{}}, nil
}

func product(name string, grams int64) shopapi.Product {
	at := time.Unix(0, 0).UTC()
	return shopapi.Product{
		Id: id, Name: name, Price: shopapi.Money{Amount: 1, Currency: "EUR"}, WeightGrams: grams, Version: 1, CreatedAt: at, UpdatedAt: at,
	}
}

// server is a house behind the contract.
type server struct {
	echo   *echo.Echo
	caller chan string
	log    *bytes.Buffer
	bearer string
}

func newServer(t testing.TB) *server {
	t.Helper()
	issuer := token.NewIssuer(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)))
	signed, err := issuer.Issue(token.Claims{User: "ann", Role: "admin"}, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{caller: make(chan string, 1), log: &bytes.Buffer{}, bearer: "Bearer " + signed}
	s.echo, err = contract.New(contract.Options{
		Name: "house-1", Log: slog.New(slog.NewTextHandler(s.log, nil)), NewID: func() string { return "minted-id" },
		Verify: token.NewVerifier(issuer, time.Now),
	})
	if err != nil {
		t.Fatal(err)
	}
	h := house{s.caller}
	catalogapi.RegisterHandlers(s.echo, catalogapi.NewStrictHandler(h, nil))
	recommendationapi.RegisterHandlers(s.echo, recommendationapi.NewStrictHandler(h, nil))
	return s
}

// send sends a request; headers are "Name: value", a body is JSON unless they say otherwise.
func (s *server) send(method, target, body string, headers ...string) *http.Response {
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, target, reader)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Del(name)
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	w := httptest.NewRecorder()
	s.echo.ServeHTTP(w, r)
	return w.Result()
}

// TestRefusals: each request breaks one rule of the contract, and is told so in a problem document.
func TestRefusals(t *testing.T) {
	s := newServer(t)
	bearer := "Authorization: " + s.bearer
	with := func(field, value string) string {
		var b map[string]json.RawMessage
		if err := json.Unmarshal([]byte(good), &b); err != nil {
			t.Fatal(err)
		}
		if b[field] = json.RawMessage(value); value == "" {
			delete(b, field)
		}
		out, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	for _, c := range []struct {
		name, method, target, body string
		headers                    []string
		status                     int
		code, field                string
	}{
		{"unknown path", "GET", "/nothing", "", nil, 404, "no-route", ""},
		{"unknown method", "DELETE", "/products", "", nil, 405, "method-not-allowed", ""},
		{"options", "OPTIONS", "/products", "", nil, 405, "method-not-allowed", ""},
		{"head", "HEAD", "/products", "", nil, 405, "method-not-allowed", ""},
		{"bad limit", "GET", "/products?limit=0", "", nil, 400, "invalid-request", "limit"},
		{"limit is no number", "GET", "/products?limit=x", "", nil, 400, "invalid-request", "limit"},
		{"limit is nothing", "GET", "/products?limit=", "", nil, 400, "invalid-request", "limit"},
		{"limit is endless", "GET", "/products?limit=99999999999999999999", "", nil, 400, "invalid-request", "limit"},
		{"limit twice", "GET", "/products?limit=1&limit=2", "", nil, 400, "invalid-request", "limit"},
		{"query is not UTF-8", "GET", "/products?category=%ff", "", nil, 400, "invalid-request", "category"},
		{"query holds NUL", "GET", "/products?category=%00", "", nil, 400, "invalid-request", "category"},
		{"query cannot be parsed", "GET", "/products?category=%zz", "", nil, 400, "invalid-request", "query"},
		{"short id", "GET", "/products/1", "", nil, 400, "invalid-request", "id"},
		{"id is no UUID", "GET", "/products/" + strings.Repeat("z", 36), "", nil, 400, "invalid-request", "id"},
		{"id in capitals", "GET", "/products/01900000-0000-7000-8000-00000000ABCD", "", nil, 400, "invalid-request", "id"},
		{"no token", "POST", "/products", good, nil, 401, "unauthenticated", ""},
		{"another scheme", "POST", "/products", good, []string{"Authorization: Basic YTpi"}, 401, "unauthenticated", ""},
		{"garbage token", "POST", "/products", good, []string{"Authorization: Bearer abc"}, 401, "unauthenticated", ""},
		{"bad token where none is needed", "GET", "/recommendations", "", []string{"Authorization: Bearer abc"}, 401, "unauthenticated", ""},
		{"token before body", "POST", "/products", "{", nil, 401, "unauthenticated", ""},
		{"no content type", "POST", "/products", good, []string{bearer, "Content-Type: "}, 415, "unsupported-media-type", ""},
		{"wrong content type", "POST", "/products", good, []string{bearer, "Content-Type: text/plain"}, 415, "unsupported-media-type", ""},
		{"no body", "POST", "/products", "", []string{bearer, "Content-Type: application/json"}, 400, "invalid-request", "body"},
		{"cut body", "POST", "/products", good[:20], []string{bearer}, 400, "invalid-request", "body"},
		{"two bodies", "POST", "/products", good + good, []string{bearer}, 400, "invalid-request", "body"},
		{"a list", "POST", "/products", "[]", []string{bearer}, 400, "invalid-request", "body"},
		{"null", "POST", "/products", "null", []string{bearer}, 400, "invalid-request", "body"},
		{"too large", "POST", "/products", `{"a":"` + strings.Repeat("x", 64<<10) + `"}`, []string{bearer}, 413, "too-large", ""},
		{"missing field", "POST", "/products", with("sku", ""), []string{bearer}, 400, "invalid-request", "body/sku"},
		{"unknown field", "POST", "/products", with("colour", `"red"`), []string{bearer}, 400, "invalid-request", "body/colour"},
		{"field in capitals", "POST", "/products", with("SKU", `"X-1"`), []string{bearer}, 400, "invalid-request", "body/SKU"},
		{"wrong type", "POST", "/products", with("name", "7"), []string{bearer}, 400, "invalid-request", "body/name"},
		{"null field", "POST", "/products", with("name", "null"), []string{bearer}, 400, "invalid-request", "body/name"},
		{"a deep field", "POST", "/products", with("price", `{"amount":0,"currency":"EUR"}`), []string{bearer}, 400, "invalid-request", "body/price/amount"},
		{"line end after pattern", "POST", "/products", with("category", `"kitchen\n"`), []string{bearer}, 400, "invalid-request", "body/category"},
		{"half a gram", "POST", "/products", with("weight_grams", "1.5"), []string{bearer}, 400, "invalid-request", "body/weight_grams"},
		{"a gram written as a fraction", "POST", "/products", with("weight_grams", "1.0"), []string{bearer}, 400, "invalid-request", "body/weight_grams"},
		{"a gram written with an exponent", "POST", "/products", with("weight_grams", "1e2"), []string{bearer}, 400, "invalid-request", "body/weight_grams"},
		{"a huge number", "POST", "/products", with("weight_grams", "1e400"), []string{bearer}, 400, "invalid-request", "body/weight_grams"},
		{"NUL in a text", "POST", "/products", with("name", `"a\u0000b"`), []string{bearer}, 400, "invalid-request", "body/name"},
		{"body is not UTF-8", "POST", "/products", with("name", "\"a\xffb\""), []string{bearer}, 400, "invalid-request", "body"},
		{"header breaks its pattern", "PATCH", "/products/" + id, `{"name":"A"}`, []string{bearer, "If-Match: abc"}, 400, "invalid-request", "If-Match"},
		{"empty patch", "PATCH", "/products/" + id, `{}`, []string{bearer}, 400, "invalid-request", "body"},
		{"broken", "GET", "/products/" + crash, "", nil, 500, "internal", ""},
		{"panics", "GET", "/products/" + panik, "", nil, 500, "internal", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp := s.send(c.method, c.target, c.body, c.headers...)
			body, _ := io.ReadAll(resp.Body)
			var d problem.Document
			if err := json.Unmarshal(body, &d); err != nil {
				t.Fatalf("%d: %v in %s", resp.StatusCode, err, body)
			}
			if resp.StatusCode != c.status || d.Status != c.status || d.Type != "urn:figlab:problem:"+c.code {
				t.Errorf("answered %d %s, want %d %s: %s", resp.StatusCode, d.Type, c.status, c.code, body)
			}
			if c.field != "" && (len(d.Errors) != 1 || d.Errors[0].Field != c.field || d.Errors[0].Message == "") {
				t.Errorf("tells %+v, want one error of %s", d.Errors, c.field)
			}
			if d.RequestID != "minted-id" || resp.Header.Get(contract.ServedBy) != "house-1" || strings.Contains(string(body), "secret") {
				t.Errorf("headers %v, body %s", resp.Header, body)
			}
			if got := resp.Header.Get("Content-Type"); got != problem.ContentType {
				t.Errorf("content type %q", got)
			}
			if (resp.Header.Get("WWW-Authenticate") != "") != (c.status == 401) || (resp.Header.Get("Allow") != "") != (c.status == 405) {
				t.Errorf("headers %v of a %d", resp.Header, c.status)
			}
		})
	}
	if n := len(s.caller); n != 0 {
		t.Errorf("%d refused requests reached a handler", n)
	}
}
