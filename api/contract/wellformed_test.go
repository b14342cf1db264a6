package contract_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPathAndQueryAreText(t *testing.T) {
	h := newHouse(t)
	for name, target := range map[string]string{
		"NUL in the path":                 "/products/%00",
		"NUL in an id":                    "/products/01900000-0000-7000-8000-0000000000%00",
		"bad UTF-8 in the path":           "/products/%ff%fe",
		"bad UTF-8 where nothing is":      "/nothing/%ff",
		"NUL in the query":                "/search?q=a%00b",
		"bad UTF-8 in the query":          "/search?q=%c3%28",
		"NUL in a name of the query":      "/search?q=a&b%00=1",
		"half an escape in the query":     "/search?q=a&category=%zz",
		"a semicolon, read only in part":  "/search?q=a;b=1",
		"bad UTF-8 in a cursor":           "/orders?after=%ff",
		"NUL in a parameter nobody knows": "/products?unknown=%00",
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, h.ask(http.MethodGet, target, ""), http.StatusBadRequest, "invalid-request")
		})
	}
	for _, target := range []string{"/search?q=caf%C3%A9+%F0%9F%98%80", "/search?q=100%25", "/products"} {
		if w := h.ask(http.MethodGet, target, ""); w.Code != http.StatusOK {
			t.Errorf("GET %s answered %d: %s", target, w.Code, w.Body)
		}
	}
}

func TestBodyIsOneDocument(t *testing.T) {
	h := newHouse(t)
	for name, body := range map[string]string{
		"nothing":                       "",
		"two documents":                 `{"name":"A"}{"name":"B"}`,
		"two documents on two lines":    "{\"name\":\"A\"}\n{\"name\":\"B\"}",
		"garbage behind":                `{"name":"A"} x`,
		"a bracket too many":            `{"name":"A"}}`,
		"cut":                           `{"name":"A"`,
		"a comma too many":              `{"name":"A",}`,
		"byte order mark":               "\ufeff" + `{"name":"A"}`,
		"a field twice":                 `{"name":"A","name":"B"}`,
		"a field twice, written apart":  `{"name":"A","\u006eame":"B"}`,
		"a field twice further down":    `{"address":{"line1":"a","line1":"b","city":"c","postcode":"1","country":"PT"}}`,
		"a field twice behind a list":   `{"name":"A","x":[{"a":[]},{"a":1}],"name":"B"}`,
		"the same field in capitals":    `{"name":"A","NAME":"B"}`,
		"bad UTF-8":                     "{\"name\":\"\xff\"}",
		"bad UTF-8 in a name":           "{\"\xff\":1,\"name\":\"A\"}",
		"NUL":                           `{"name":"a\u0000b"}`,
		"a raw NUL":                     "{\"name\":\"a\x00b\"}",
		"half a surrogate pair":         `{"name":"\ud83d"}`,
		"half a pair and another":       `{"name":"\ud83d\u0041"}`,
		"the wrong half first":          `{"name":"\ude00\ud83d"}`,
		"escaped quote, then NUL":       `{"name":"\"\\\u0000"}`,
		"a number too large for a type": `1e999`,
		"a list":                        `[{"name":"A"}]`,
		"null":                          `null`,
	} {
		t.Run(name, func(t *testing.T) {
			w := h.ask(http.MethodPatch, "/users/me", body, "Content-Type", "application/json")
			refused(t, w, http.StatusBadRequest, "invalid-request")
		})
	}
	for _, body := range []string{
		`{"name":"A"}`, " {\"name\" : \"A\"}\r\n", `{"name":"\ud83d\ude00"}`, `{"name":"\\u0000"}`, `{"name":"{\"name\":1,\"name\":2}"}`,
		`{"name":"name","address":{"line1":"name","city":"name","postcode":"1","country":"PT"}}`, `{"name":"\""}`, `{"name":"\u0001\\"}`,
	} {
		if w := h.ask(http.MethodPatch, "/users/me", body); w.Code != http.StatusOK {
			t.Errorf("%s answered %d: %s", body, w.Code, w.Body)
		}
	}
}

func TestBodyBounds(t *testing.T) {
	h := newHouse(t)
	refused(t, h.ask(http.MethodPatch, "/users/me", `{"name":"`+strings.Repeat("x", 64<<10)+`"}`), http.StatusRequestEntityTooLarge, "too-large")
	refused(t, h.ask(http.MethodPatch, "/users/me", strings.Repeat("[", 60<<10)), http.StatusBadRequest, "invalid-request")
	refused(t, h.ask(http.MethodPatch, "/users/me", `{}`, "Content-Type", "text/plain"), http.StatusUnsupportedMediaType, "unsupported-media-type")
	var many strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&many, `"field%d":%d,`, i, i)
	}
	w := h.ask(http.MethodPatch, "/users/me", "{"+many.String()+`"name":"A"}`)
	if w.Code != http.StatusBadRequest || w.Body.Len() > 16<<10 {
		t.Errorf("answered %d with %d bytes: a refusal must not be larger than what caused it", w.Code, w.Body.Len())
	}
	w = h.ask(http.MethodPatch, "/users/me", `{"`+strings.Repeat("ü", 20<<10)+`":1}`)
	if w.Code != http.StatusBadRequest || w.Body.Len() > 16<<10 || !utf8.Valid(w.Body.Bytes()) {
		t.Errorf("a field with a long name: answered %d with %d bytes", w.Code, w.Body.Len())
	}
}

func TestIds(t *testing.T) {
	h := newHouse(t)
	for name, id := range map[string]string{
		"capitals":               strings.ToUpper(product),
		"one capital":            strings.Replace(product, "a", "A", 1),
		"no digits":              "zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz",
		"dashes elsewhere":       "0190000000-00-7000-8000-0000000000ab",
		"braces":                 "{" + product[:34] + "}",
		"too short":              product[:35],
		"too long":               product + "0",
		"no dashes":              strings.ReplaceAll(product, "-", ""),
		"escaped slash":          product[:33] + "%2F",
		"36 bytes, fewer runes":  product[:34] + "%C3%A9",
		"36 runes, more bytes":   product[:35] + "%C3%A9",
		"a space":                "%20" + product[:35],
		"a list, as RFC 6570 is": product + "," + product,
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, h.ask(http.MethodGet, "/products/"+id, ""), http.StatusBadRequest, "invalid-request")
			refused(t, h.ask(http.MethodPost, "/orders/"+id+"/cancel", ""), http.StatusBadRequest, "invalid-request")
			refused(t, h.ask(http.MethodGet, "/payments?order_id="+id, ""), http.StatusBadRequest, "invalid-request")
		})
	}
	for _, target := range []string{"/products/" + product + "/", "/products/" + product + "/x", "/products/" + product[:17] + "/" + product[18:], "/x"} {
		refused(t, h.ask(http.MethodGet, target, ""), http.StatusNotFound, "no-route")
	}
	if w := h.ask(http.MethodGet, "/products/"+product, ""); w.Code != http.StatusOK {
		t.Errorf("a good id answered %d: %s", w.Code, w.Body)
	}
}

// FuzzBody holds the one invariant: whatever the bytes are, a refusal is a problem and never our fault.
func FuzzBody(f *testing.F) {
	for _, s := range []string{`{"name":"A"}`, `{"a":[{"b":"\ud83d\ude00"}]}`, `"\`, `{"a":1,"a":2}`, "\xff", `[[[`, `{"name":"\u0000"}`} {
		f.Add([]byte(s))
	}
	h := newHouse(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest(http.MethodPatch, "/users/me", strings.NewReader(string(body)))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer somebody")
		w := httptest.NewRecorder()
		if h.echo.ServeHTTP(w, r); w.Code >= http.StatusInternalServerError {
			t.Errorf("%q answered %d: %s", body, w.Code, w.Body)
		}
	})
}
