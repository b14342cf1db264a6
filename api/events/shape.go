package events

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// A Shape is what a consumer may rely on in a schema.
type Shape struct {
	Type     string           `json:"type"`
	Values   []string         `json:"values,omitempty"` // the only ones a text may have
	Required []string         `json:"required,omitempty"`
	Fields   map[string]Shape `json:"fields,omitempty"`
	Items    *Shape           `json:"items,omitempty"`
}

// deepest bounds the nesting of a schema.
const deepest = 12

// ShapeOf returns what a consumer may rely on.
func ShapeOf(s *openapi3.Schema) Shape { return shapeOf(s, deepest) }

func shapeOf(s *openapi3.Schema, left int) Shape {
	out := Shape{Type: "any"}
	if s == nil || left == 0 {
		return out
	}
	if s.Type != nil && len(s.Type.Slice()) > 0 {
		out.Type = strings.Join(s.Type.Slice(), "|")
	}
	for _, v := range s.Enum {
		out.Values = append(out.Values, fmt.Sprint(v))
	}
	slices.Sort(out.Values)
	out.Required = slices.Sorted(slices.Values(s.Required))
	for name, field := range s.Properties {
		if out.Fields == nil {
			out.Fields = map[string]Shape{}
		}
		out.Fields[name] = shapeOf(field.Value, left-1)
	}
	if s.Items != nil {
		items := shapeOf(s.Items.Value, left-1)
		out.Items = &items
	}
	return out
}

// Breaks says in sentences what a consumer that knows the old shape could no longer rely on in the new one. Fields may be added.
func Breaks(old, current Shape) []string { return breaks("data", old, current) }

func breaks(at string, old, current Shape) (all []string) {
	if old.Type != "any" && old.Type != current.Type {
		all = append(all, fmt.Sprintf("%s was %s and is %s", at, old.Type, current.Type))
	}
	all = append(all, otherValues(at, old.Values, current.Values)...)
	for _, name := range old.Required {
		if !slices.Contains(current.Required, name) {
			all = append(all, fmt.Sprintf("%s.%s may be missing", at, name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(old.Fields)) {
		now, ok := current.Fields[name]
		if !ok {
			all = append(all, fmt.Sprintf("%s.%s is gone", at, name))
			continue
		}
		all = append(all, breaks(at+"."+name, old.Fields[name], now)...)
	}
	if old.Items != nil && current.Items != nil {
		all = append(all, breaks(at+"[]", *old.Items, *current.Items)...)
	}
	return all
}

// otherValues says which values may come that nobody knew.
func otherValues(at string, old, current []string) (all []string) {
	if len(old) == 0 {
		return nil
	}
	if len(current) == 0 {
		return []string{at + " may be anything, and had fixed values"}
	}
	for _, v := range current {
		if !slices.Contains(old, v) {
			all = append(all, fmt.Sprintf("%s may be %q, which nobody knew", at, v))
		}
	}
	return all
}
