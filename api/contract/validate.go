package contract

import (
	"bytes"
	"errors"
	"figlab/api/problem"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/labstack/echo/v4"
)

// options says how requests are held to the contract. What the contract calls a uuid is one of ours: see identifier.
func options() *openapi3filter.Options {
	id := openapi3.NewCallbackValidator(func(s string) error {
		if !identifier(s) {
			return errors.New("not an id: a UUID in lower case is wanted")
		}
		return nil
	})
	return &openapi3filter.Options{
		MultiError:                 true,
		SkipSettingDefaults:        true,
		AuthenticationFunc:         openapi3filter.NoopAuthenticationFunc,
		ExcludeReadOnlyValidations: true,
		SchemaValidationOptions: []openapi3.SchemaValidationOption{
			openapi3.WithStringFormatValidators(map[string]openapi3.StringFormatValidator{"uuid": id}),
		},
	}
}

// validate checks parameters and body against the contract and leaves the body readable.
func (e *entry) validate(c echo.Context, query url.Values, maxBody int64) error {
	r := c.Request()
	if e.body {
		if err := readBody(r, maxBody); err != nil {
			return err
		}
	}
	params := make(map[string]string, 1)
	for i, name := range c.ParamNames() {
		params[name] = c.ParamValues()[i]
	}
	err := openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, QueryParams: query, Route: e.route, Options: e.rules,
	})
	if err == nil {
		return nil
	}
	fields := bounded(fieldsOf(err, nil))
	return &problem.Error{Kind: "malformed", Code: "invalid-request", Detail: sentence(fields), Fields: fields}
}

// readBody bounds the body, checks its type and puts it back.
func readBody(r *http.Request, maxBody int64) error {
	media, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	if err != nil || media != echo.MIMEApplicationJSON {
		return &problem.Error{Kind: "unsupported-media-type", Code: "unsupported-media-type", Detail: "the body must be application/json"}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return malformed("the body could not be read to its end")
	}
	if int64(len(body)) > maxBody {
		return tooLarge(maxBody)
	}
	if err := document(body); err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	return nil
}

// fieldsOf flattens what the validator found into one line per field.
func fieldsOf(err error, found []problem.Field) []problem.Field {
	var many openapi3.MultiError
	if errors.As(err, &many) && isMulti(err) {
		for _, e := range many {
			found = fieldsOf(e, found)
		}
		return found
	}
	var re *openapi3filter.RequestError
	if errors.As(err, &re) {
		name := "body"
		if re.Parameter != nil {
			name = re.Parameter.Name
		}
		if re.Err == nil {
			return append(found, problem.Field{Field: name, Message: re.Reason})
		}
		return named(name, re.Err, found)
	}
	return named("request", err, found)
}

func isMulti(err error) bool {
	_, ok := err.(openapi3.MultiError) //nolint:errorlint // only the outermost layer may be taken apart here
	return ok
}

// named adds the schema errors below one parameter or the body.
func named(name string, err error, found []problem.Field) []problem.Field {
	if many, ok := err.(openapi3.MultiError); ok { //nolint:errorlint // only the outermost layer may be taken apart here
		for _, e := range many {
			found = named(name, e, found)
		}
		return found
	}
	var se *openapi3.SchemaError
	if errors.As(err, &se) {
		if at := strings.Join(se.JSONPointer(), "/"); at != "" {
			name += "/" + at
		}
		return append(found, problem.Field{Field: name, Message: se.Reason})
	}
	message, _, _ := strings.Cut(err.Error(), "\n")
	return append(found, problem.Field{Field: name, Message: message})
}

// bounded keeps a refusal smaller than what caused it: the first fields, and of each what a person would read.
func bounded(fields []problem.Field) []problem.Field {
	fields = fields[:min(len(fields), 20)]
	for i, f := range fields {
		fields[i] = problem.Field{Field: short(f.Field), Message: short(f.Message)}
	}
	return fields
}

// short cuts s to 200 bytes, between two characters.
func short(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

func sentence(fields []problem.Field) string {
	if len(fields) == 0 {
		return "the request breaks the contract"
	}
	return fmt.Sprintf("the request breaks the contract: %s: %s", fields[0].Field, fields[0].Message)
}
