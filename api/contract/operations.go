package contract

import (
	"cmp"
	"figlab/api/shopapi"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// An Operation of the contract.
type Operation struct {
	ID         string // operationId
	Capability string // the tag: who does it
	Method     string
	Path       string // template, e.g. /products/{id}
	Body       bool   // takes a JSON body
	Token      bool   // looks at a session token when there is one
	Required   bool   // wants one
}

// Write says whether the operation may change something.
func (o Operation) Write() bool { return o.Method != http.MethodGet }

// Operations returns all operations of the shop, ordered by path and method.
func Operations() ([]Operation, error) {
	spec, err := shopapi.GetSpec()
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	var all []Operation
	for path, item := range spec.Paths.Map() {
		for method, op := range item.Operations() {
			looks, wants := security(spec, op)
			all = append(all, Operation{
				ID: operationID(op), Capability: op.Tags[0], Method: method, Path: path, Body: op.RequestBody != nil,
				Token: looks, Required: wants,
			})
		}
	}
	slices.SortFunc(all, func(a, b Operation) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	return all, nil
}

// entry is an operation as the middleware needs it: looked up by method and echo route, without another router.
type entry struct {
	route   *routers.Route
	rules   *openapi3filter.Options
	id      string
	body    bool // takes a JSON body
	check   bool // has parameters or a body to validate
	auth    bool // wants a token
	mayAuth bool // looks at a token when there is one
	service bool // wants to know which service calls
}

// door is where an operation is found: its method and echo route.
type door struct{ method, route string }

// table prepares every operation.
func table(spec *openapi3.T) map[door]*entry {
	t, rules := map[door]*entry{}, options()
	for path, item := range spec.Paths.Map() {
		for method, op := range item.Operations() {
			e := &entry{
				route: &routers.Route{Spec: spec, Path: path, PathItem: item, Method: method, Operation: op},
				id:    operationID(op),
				body:  op.RequestBody != nil,
				rules: rules,
			}
			e.check = e.body || len(op.Parameters)+len(item.Parameters) > 0
			e.mayAuth, e.auth = security(spec, op)
			e.service = fromService(op)
			t[door{method, echoPath(path)}] = e
		}
	}
	return t
}

// security says whether an operation looks at a token, and whether it wants one.
func security(spec *openapi3.T, op *openapi3.Operation) (looks, wants bool) {
	ways := spec.Security
	if op.Security != nil {
		ways = *op.Security
	}
	for _, way := range ways {
		looks = looks || !anybody(way)
	}
	return looks, looks && !slices.ContainsFunc(ways, anybody)
}

// anybody says whether a way in needs no session token.
func anybody(way openapi3.SecurityRequirement) bool {
	_, service := way[serviceScheme]
	return len(way) == 0 || service && len(way) == 1
}

// serviceScheme is the security scheme of api/internal.yaml by which a service says who it is.
const serviceScheme = "service"

func fromService(op *openapi3.Operation) bool {
	return op.Security != nil && slices.ContainsFunc(*op.Security, func(way openapi3.SecurityRequirement) bool {
		_, ok := way[serviceScheme]
		return ok
	})
}

// echoPath turns /products/{id} into /products/:id.
func echoPath(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}
