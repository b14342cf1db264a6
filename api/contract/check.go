package contract

import (
	"bytes"
	"context"
	"figlab/api/problem"
	"figlab/api/shopapi"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// A Checker holds answers to the contract, for tests of whatever answers in the shop's place.
type Checker struct {
	routes map[string]*routers.Route
	rules  *openapi3filter.Options
}

// NewChecker returns a checker for all operations of the shop.
func NewChecker() (*Checker, error) {
	spec, err := shopapi.GetSpec()
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	c := &Checker{routes: map[string]*routers.Route{}, rules: options()}
	c.rules.IncludeResponseStatus = true
	for path, item := range spec.Paths.Map() {
		for method, op := range item.Operations() {
			c.routes[operationID(op)] = &routers.Route{Spec: spec, Path: path, PathItem: item, Method: method, Operation: op}
		}
	}
	return c, nil
}

// Check says how an answer to an operation breaks the contract, or returns nil. r.Request may be nil; body is the whole body.
func (c *Checker) Check(ctx context.Context, operation string, r *http.Response, body []byte) error {
	route, ok := c.routes[operation]
	if !ok {
		return fmt.Errorf("the contract has no operation %q", operation)
	}
	for _, h := range [...]string{RequestID, ServedBy} {
		if r.Header.Get(h) == "" {
			return fmt.Errorf("%s: the answer has no %s", operation, h)
		}
	}
	if r.StatusCode < http.StatusBadRequest && route.Operation.Responses.Value(fmt.Sprint(r.StatusCode)) == (*openapi3.ResponseRef)(nil) {
		return fmt.Errorf("%s: the contract knows no %d here", operation, r.StatusCode)
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.StatusCode >= http.StatusBadRequest && (err != nil || media != problem.ContentType) {
		return fmt.Errorf("%s: a %d that is no problem document but %q", operation, r.StatusCode, r.Header.Get("Content-Type"))
	}
	request := r.Request
	if request == nil {
		request = &http.Request{Method: route.Method, Header: http.Header{}}
	}
	err = openapi3filter.ValidateResponse(ctx, &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: request, Route: route},
		Status:                 r.StatusCode, Header: r.Header, Body: io.NopCloser(bytes.NewReader(body)), Options: c.rules,
	})
	if err != nil {
		return fmt.Errorf("%s breaks the contract: %w", operation, err)
	}
	return nil
}

// operationID undoes what the generator does to the ids of the contract it embeds: it capitalises them.
func operationID(op *openapi3.Operation) string {
	return strings.ToLower(op.OperationID[:1]) + op.OperationID[1:]
}
