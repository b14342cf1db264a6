package apitest

import (
	"bytes"
	"context"
	"figlab/api/shopapi"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// checker holds answers to the contract.
type checker struct {
	operations map[string]*routers.Route
}

func newChecker() (*checker, error) {
	spec, err := shopapi.GetSpec()
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	c := &checker{operations: map[string]*routers.Route{}}
	for path, item := range spec.Paths.Map() {
		for method, op := range item.Operations() {
			c.operations[lowerFirst(op.OperationID)] = &routers.Route{Spec: spec, Path: path, PathItem: item, Method: method, Operation: op}
		}
	}
	return c, nil
}

// lowerFirst undoes what the generator does to the operation ids of the specification it embeds.
func lowerFirst(id string) string { return strings.ToLower(id[:1]) + id[1:] }

// target returns method and path of an operation, its parameters filled in from the left; arguments too many are left over.
func (c *checker) target(op string, args []string) (method, path string) {
	r := c.operations[op]
	path = r.Path
	for _, a := range args {
		before, after, more := strings.Cut(path, "{")
		if !more {
			break
		}
		_, after, _ = strings.Cut(after, "}")
		path = before + a + after
	}
	return r.Method, path
}

// check returns how an answer breaks the contract, or nil. Every answer names itself and who gave it.
func (c *checker) check(ctx context.Context, op string, r *http.Response, body []byte) error {
	for _, h := range []string{"X-Request-Id", "X-Served-By"} {
		if r.Header.Get(h) == "" {
			return fmt.Errorf("the answer has no %s", h)
		}
	}
	route := c.operations[op]
	if r.StatusCode >= http.StatusBadRequest && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/problem+json") {
		return fmt.Errorf("a %d that is no problem document but %q", r.StatusCode, r.Header.Get("Content-Type"))
	}
	err := openapi3filter.ValidateResponse(ctx, &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r.Request, Route: route},
		Status:                 r.StatusCode, Header: r.Header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{MultiError: true, IncludeResponseStatus: true},
	})
	if err != nil {
		return fmt.Errorf("breaks the contract: %w", err)
	}
	if r.StatusCode < http.StatusBadRequest && route.Operation.Responses.Value(fmt.Sprint(r.StatusCode)) == (*openapi3.ResponseRef)(nil) {
		return fmt.Errorf("the contract knows no %d here", r.StatusCode)
	}
	return nil
}
