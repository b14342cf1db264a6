package strict

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// decoder walks the file and the Go value side by side.
type decoder struct {
	file     string
	problems []Problem
	lines    map[string]int // path → line of its value
}

func (d *decoder) complain(n ast.Node, format string, args ...any) {
	d.problems = append(d.problems, Problem{d.file, n.GetToken().Position.Line, fmt.Sprintf(format, args...)})
}

// value decodes n into v.
func (d *decoder) value(n ast.Node, v reflect.Value, path string) {
	d.lines[path] = n.GetToken().Position.Line
	if v.Type() == reflect.TypeFor[time.Duration]() {
		d.duration(n, v)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, v.Elem(), path)
	case reflect.Struct:
		d.record(n, v, path)
	case reflect.Map:
		d.table(n, v, path)
	case reflect.Slice:
		d.list(n, v, path)
	default:
		d.scalar(n, v)
	}
}

// record decodes a mapping into a struct: every key known, none missing. The parser has refused those that stand there twice.
func (d *decoder) record(n ast.Node, v reflect.Value, path string) {
	pairs, ok := d.pairs(n)
	if !ok {
		return
	}
	fields := grammar(v.Type())
	given := map[string]bool{}
	for _, p := range pairs {
		f, known := fields.find(p.key)
		if !known {
			d.complain(p.node, "unknown key %q%s", p.key, hint(p.key, fields.names()))
			continue
		}
		given[p.key] = true
		d.value(p.value, v.Field(f.index), join(path, p.key))
	}
	for _, f := range fields {
		if !f.optional && !given[f.name] {
			d.complain(n, "key %q is missing", f.name)
		}
	}
}

// table decodes a mapping whose keys are free.
func (d *decoder) table(n ast.Node, v reflect.Value, path string) {
	pairs, ok := d.pairs(n)
	if !ok {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, p := range pairs {
		element := reflect.New(v.Type().Elem()).Elem()
		d.value(p.value, element, join(path, p.key))
		v.SetMapIndex(reflect.ValueOf(p.key).Convert(v.Type().Key()), element)
	}
}

func (d *decoder) list(n ast.Node, v reflect.Value, path string) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		d.complain(n, "want a list, not %s", described(n))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values)))
	for i, e := range seq.Values {
		d.value(e, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
}

func (d *decoder) duration(n ast.Node, v reflect.Value) {
	text, ok := n.(*ast.StringNode)
	if !ok {
		d.complain(n, "want a time with its unit, e.g. 200ms or 12s, not %s", described(n))
		return
	}
	parsed, err := time.ParseDuration(text.Value)
	if err != nil {
		d.complain(n, "%q is no time: want one with its unit, e.g. 200ms or 12s", text.Value)
		return
	}
	v.SetInt(int64(parsed))
}

// scalar decodes text, numbers and truth values, and never one for the other: stage: 05 would lose its zero.
func (d *decoder) scalar(n ast.Node, v reflect.Value) {
	text := n.GetToken().Value
	var err error
	switch node := n.(type) {
	case *ast.StringNode:
		if v.Kind() == reflect.String {
			v.SetString(node.Value)
			return
		}
	case *ast.LiteralNode:
		if v.Kind() == reflect.String {
			v.SetString(node.Value.Value)
			return
		}
	case *ast.BoolNode:
		if v.Kind() == reflect.Bool {
			v.SetBool(node.Value)
			return
		}
	case *ast.IntegerNode, *ast.FloatNode:
		if err = number(text, v); err == nil {
			return
		}
	}
	switch {
	case v.Kind() == reflect.String:
		d.complain(n, "want text, not %s: put it in quotes", described(n))
	case err != nil:
		d.complain(n, "%s: %s", text, err.Error())
	default:
		d.complain(n, "want %s, not %s", kindOf(v), described(n))
	}
}

// number reads a number in its decimal form.
func number(text string, v reflect.Value) error {
	switch {
	case v.CanInt():
		i, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("want a whole number of at most %d bits", v.Type().Bits())
		}
		v.SetInt(i)
	case v.CanUint():
		u, err := strconv.ParseUint(text, 10, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("want a whole number from 0 of at most %d bits", v.Type().Bits())
		}
		v.SetUint(u)
	case v.CanFloat():
		f, err := strconv.ParseFloat(text, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("want a number")
		}
		v.SetFloat(f)
	default:
		return fmt.Errorf("want %s, not a number", kindOf(v))
	}
	return nil
}

type pair struct {
	key   string
	node  ast.Node // the key
	value ast.Node
}

// pairs returns the keys and values of a mapping. Anchors, aliases and merges are refused: a file must say what it says where it says it.
func (d *decoder) pairs(n ast.Node) (pairs []pair, ok bool) {
	var values []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		d.complain(n, "want keys and values, not %s", described(n))
		return nil, false
	}
	for _, v := range values {
		key, isText := v.Key.(*ast.StringNode)
		if !isText {
			d.complain(v.Key, "want a plain key, not %s", described(v.Key))
			continue
		}
		pairs = append(pairs, pair{key.Value, v.Key, v.Value})
	}
	return pairs, true
}

func join(path, key string) string { return strings.TrimPrefix(path+"."+key, ".") }

func described(n ast.Node) string {
	switch n.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	case *ast.IntegerNode, *ast.FloatNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys and values"
	case *ast.NullNode:
		return "nothing"
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		return "an anchor or alias"
	}
	return n.Type().String()
}

func kindOf(v reflect.Value) string {
	switch {
	case v.Kind() == reflect.Bool:
		return "true or false"
	case v.CanInt(), v.CanUint():
		return "a whole number"
	case v.CanFloat():
		return "a number"
	}
	return "text"
}
