package contract

import (
	"bytes"
	"encoding/json"
	"figlab/api/problem"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

func malformed(detail string) error {
	return &problem.Error{Kind: "malformed", Code: "invalid-request", Detail: detail}
}

// text says whether every store can keep s: it is UTF-8, and free of NUL, which Postgres takes in no text.
func text(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// address checks path and query, and returns the query taken apart. A query that net/url would read only in part is refused whole.
func address(u *url.URL) (url.Values, error) {
	if !text(u.Path) {
		return nil, malformed("the path is not UTF-8 text")
	}
	if u.RawQuery == "" {
		return nil, nil
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, malformed("the query cannot be read")
	}
	for name, values := range query {
		for _, v := range values {
			if !text(name) || !text(v) {
				return nil, malformed("the query is not UTF-8 text")
			}
		}
	}
	return query, nil
}

// document checks that a body is one JSON document that every reader reads alike: UTF-8, no field twice in an object, no NUL and no half
// of a surrogate pair in a string.
func document(body []byte) error {
	if !utf8.Valid(body) {
		return malformed("the body is not UTF-8 text")
	}
	if !json.Valid(body) {
		return malformed("the body is not one JSON document")
	}
	var open nest
	for i := 0; i < len(body); i++ {
		if body[i] != '"' {
			open = open.step(body[i])
			continue
		}
		raw := quoted(body[i:])
		i += len(raw) - 1
		if !escapes(raw) {
			return malformed("the body has a string that is no text")
		}
		if !open.add(raw) {
			return malformed("the body has an object with the same field twice")
		}
	}
	return nil
}

// nest is where in a document one is: the objects and arrays that are not closed yet, the innermost last.
type nest []object

// object is an object or, without names, an array.
type object struct {
	names map[string]bool
	name  bool // a field's name comes next
}

// step follows one byte outside of strings; the document is valid.
func (n nest) step(c byte) nest {
	switch top := len(n) - 1; c {
	case '{':
		return append(n, object{names: map[string]bool{}, name: true})
	case '[':
		return append(n, object{})
	case '}', ']':
		return n[:top]
	case ':':
		n[top].name = false
	case ',':
		n[top].name = n[top].names != nil
	}
	return n
}

// add notes a string, and says whether it is no field's name or a new one.
func (n nest) add(raw []byte) bool {
	if len(n) == 0 || !n[len(n)-1].name {
		return true
	}
	name := string(raw[1 : len(raw)-1])
	if strings.IndexByte(name, '\\') >= 0 && json.Unmarshal(raw, &name) != nil {
		return false
	}
	names := n[len(n)-1].names
	if names[name] {
		return false
	}
	names[name] = true
	return true
}

// quoted returns the string that b begins with, quotes included; b is valid JSON.
func quoted(b []byte) []byte {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return b[:i+1]
		}
	}
	return b
}

// escapes says whether the escaped characters of a string are text; raw is valid JSON.
func escapes(raw []byte) bool {
	for {
		i := bytes.IndexByte(raw, '\\')
		if i < 0 {
			return true
		}
		raw = raw[i:]
		r, size := escaped(raw)
		if utf16.IsSurrogate(r) {
			low, more := escaped(raw[size:])
			if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
				return false
			}
			size += more
		}
		if r == 0 {
			return false
		}
		raw = raw[size:]
	}
}

// escaped returns the character that b begins with when that is written as \uXXXX, or another that is text, and how long it is written.
func escaped(b []byte) (r rune, size int) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return ' ', min(2, len(b))
	}
	code, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	if err != nil {
		return ' ', 2
	}
	return rune(code), 6
}

// identifier says whether s is a UUID as the shop writes it: RFC 9562 in lower case. Stores compare ids as text, so another spelling would
// name nothing.
func identifier(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
