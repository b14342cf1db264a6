package apitest

import (
	"figlab/api/contract"
	"strings"
)

// checker knows the operations of the contract and holds answers to it.
type checker struct {
	operations map[string]contract.Operation
	answers    *contract.Checker
}

func newChecker() (*checker, error) {
	all, err := contract.Operations()
	if err != nil {
		return nil, err
	}
	c := &checker{operations: map[string]contract.Operation{}}
	for _, o := range all {
		c.operations[o.ID] = o
	}
	c.answers, err = contract.NewChecker()
	return c, err
}

// target returns method and path of an operation, its parameters filled in from the left; arguments too many are left over.
func (c *checker) target(op string, args []string) (method, path string) {
	o := c.operations[op]
	path = o.Path
	for _, a := range args {
		before, after, more := strings.Cut(path, "{")
		if !more {
			break
		}
		_, after, _ = strings.Cut(after, "}")
		path = before + a + after
	}
	return o.Method, path
}
