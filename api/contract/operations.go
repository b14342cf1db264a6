package contract

import (
	"cmp"
	"figlab/api/shopapi"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
)

// An Operation of the contract.
type Operation struct {
	ID         string // operationId
	Capability string // the tag: who does it
	Method     string
	Path       string // template, e.g. /products/{id}
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
			id := strings.ToLower(op.OperationID[:1]) + op.OperationID[1:] // the generator capitalises ids in what it embeds
			all = append(all, Operation{ID: id, Capability: op.Tags[0], Method: method, Path: path})
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
	id      string
	body    bool // takes a JSON body
	check   bool // has parameters or a body to validate
	auth    bool // wants a token
	mayAuth bool // looks at a token when there is one
}

// table prepares every operation, keyed by method and echo route.
func table(spec *openapi3.T) map[string]*entry {
	t := map[string]*entry{}
	for path, item := range spec.Paths.Map() {
		for method, op := range item.Operations() {
			e := &entry{
				route: &routers.Route{Spec: spec, Path: path, PathItem: item, Method: method, Operation: op},
				id:    op.OperationID,
				body:  op.RequestBody != nil,
			}
			e.check = e.body || len(op.Parameters)+len(item.Parameters) > 0
			security := spec.Security
			if op.Security != nil {
				security = *op.Security
			}
			for _, s := range security {
				e.mayAuth = e.mayAuth || len(s) > 0
			}
			e.auth = e.mayAuth && !slices.ContainsFunc(security, func(s openapi3.SecurityRequirement) bool { return len(s) == 0 })
			t[method+" "+echoPath(path)] = e
		}
	}
	return t
}

// echoPath turns /products/{id} into /products/:id.
func echoPath(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}
