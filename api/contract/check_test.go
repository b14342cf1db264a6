package contract_test

import (
	"figlab/api/contract"
	"net/http"
	"strings"
	"testing"
)

func TestChecker(t *testing.T) {
	check, err := contract.NewChecker()
	if err != nil {
		t.Fatal(err)
	}
	const good = `{"items":[]}`
	problem := `{"type":"urn:figlab:problem:x","title":"X","status":404}`
	named := func(media string) http.Header {
		return http.Header{"Content-Type": {media}, contract.RequestID: {"r"}, contract.ServedBy: {"s"}}
	}
	for name, c := range map[string]struct {
		op     string
		status int
		header http.Header
		body   string
		want   string // part of the complaint, or nothing
	}{
		"good":                    {"listProducts", 200, named("application/json"), good, ""},
		"a problem":               {"listProducts", 404, named("application/problem+json"), problem, ""},
		"an unknown operation":    {"listDragons", 200, named("application/json"), good, "no operation"},
		"no request id":           {"listProducts", 200, http.Header{"X-Served-By": {"s"}, "Content-Type": {"application/json"}}, good, "X-Request-Id"},
		"nobody":                  {"listProducts", 200, http.Header{"X-Request-Id": {"r"}, "Content-Type": {"application/json"}}, good, "X-Served-By"},
		"another success":         {"listProducts", 201, named("application/json"), good, "knows no 201"},
		"a field too many":        {"listProducts", 200, named("application/json"), `{"items":[],"x":1}`, "breaks the contract"},
		"no items":                {"listProducts", 200, named("application/json"), `{}`, "breaks the contract"},
		"another type":            {"listProducts", 200, named("text/html"), good, "breaks the contract"},
		"a failure in plain JSON": {"listProducts", 404, named("application/json"), problem, "no problem document"},
		"a problem without type":  {"listProducts", 404, named("application/problem+json"), `{"title":"X","status":404}`, "breaks the contract"},
		"an id in capitals": {
			"getStock", 200, named("application/json"),
			`{"product_id":"` + strings.ToUpper(product) + `","on_hand":1,"reserved":0,"available":1,"version":1}`, "UUID in lower case",
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := check.Check(t.Context(), c.op, &http.Response{StatusCode: c.status, Header: c.header}, []byte(c.body))
			if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestRefusalsKeepTheContract holds what the middleware itself answers to the contract, for every operation.
func TestRefusalsKeepTheContract(t *testing.T) {
	h := newHouse(t)
	check, err := contract.NewChecker()
	if err != nil {
		t.Fatal(err)
	}
	all, err := contract.Operations()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range all {
		target := strings.NewReplacer("{id}", product, "{product_id}", product).Replace(o.Path)
		for name, r := range map[string]*http.Response{
			"a bad query": h.ask(o.Method, target+"?x=%ff", "").Result(),
			"a bad token": h.ask(o.Method, target, "", "Authorization", "bad").Result(),
			"HEAD":        h.ask(http.MethodHead, target, "").Result(),
		} {
			body := make([]byte, 4<<10)
			n, _ := r.Body.Read(body)
			if r.StatusCode == http.StatusOK { // no token is wanted here
				continue
			}
			if err := check.Check(t.Context(), o.ID, r, body[:n]); err != nil || r.StatusCode >= http.StatusInternalServerError {
				t.Errorf("%s: %d, %v", name, r.StatusCode, err)
			}
		}
	}
}
