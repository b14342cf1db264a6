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
	var open []object
	for i := 0; i < len(body); i++ {
		top := len(open) - 1
		switch body[i] {
		case '{':
			open = append(open, object{names: map[string]bool{}, name: true})
		case '[':
			open = append(open, object{})
		case '}', ']':
			open = open[:top]
		case ':':
			open[top].name = false
		case ',':
			open[top].name = open[top].names != nil
		case '"':
			raw := quoted(body[i:])
			i += len(raw) - 1
			if !escapes(raw) {
				return malformed("the body has a string that is no text")
			}
			if top >= 0 && open[top].name && !open[top].add(raw) {
				return malformed("the body has an object with the same field twice")
			}
		}
	}
	return nil
}

// object is an object or, without names, an array that is not closed yet.
type object struct {
	names map[string]bool
	name  bool // a field's name comes next
}

// add notes a field and says whether it is new.
func (o object) add(raw []byte) bool {
	name := string(raw[1 : len(raw)-1])
	if strings.IndexByte(name, '\\') >= 0 {
		if json.Unmarshal(raw, &name) != nil {
			return false
		}
	}
	if o.names[name] {
		return false
	}
	o.names[name] = true
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
