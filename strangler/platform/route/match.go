package route

import "strings"

// A matcher finds the operation of a request by method and path template. The contract has a few dozen operations: those of the same
// method and length are compared one by one.
type matcher map[shape][]candidate

type shape struct {
	method   string
	segments int
}

type candidate struct {
	segments  []string // "" matches any one segment that is not empty
	operation *Operation
}

func newMatcher(operations []*Operation) matcher {
	m := matcher{}
	for _, o := range operations {
		segments := strings.Split(o.Path[1:], "/")
		for i, s := range segments {
			if strings.HasPrefix(s, "{") {
				segments[i] = ""
			}
		}
		at := shape{o.Method, len(segments)}
		m[at] = append(m[at], candidate{segments, o})
	}
	return m
}

// find returns nil when the contract has nothing there. Where a fixed path and a template both match, the fixed one is meant.
func (m matcher) find(method, path string) (found *Operation) {
	if path == "" || path[0] != '/' {
		return nil
	}
	path = path[1:]
	best := -1
	for _, c := range m[shape{method, 1 + strings.Count(path, "/")}] {
		if fixed := c.fits(path); fixed > best {
			best, found = fixed, c.operation
		}
	}
	return found
}

// fits returns how many fixed segments match, -1 when it is another path.
func (c candidate) fits(path string) (fixed int) {
	for _, want := range c.segments {
		var got string
		got, path, _ = strings.Cut(path, "/")
		switch {
		case want == got && want != "":
			fixed++
		case want != "" || got == "":
			return -1
		}
	}
	return fixed
}
