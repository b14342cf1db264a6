package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"figlab/api/contract"
	"figlab/api/problem"
	"figlab/microservices/platform/call"
	"fmt"
	"io"
	"net/http"
)

// onBehalf is the context of calls that are made to answer a request: they carry its id, and not its caller's token.
func onBehalf(r *http.Request) context.Context {
	return call.WithRequest(r.Context(), r.Header.Get(contract.RequestID))
}

// gone says whether whoever asked went away.
func gone(r *http.Request) bool { return errors.Is(r.Context().Err(), context.Canceled) }

func ask(ctx context.Context, from *http.Client, url string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", url, err)
	}
	return from.Do(req) //nolint:wrapcheck // it says which address was asked
}

// read asks a service and decodes its answer. A refusal is the *problem.Error that the service has sent.
func read(ctx context.Context, from *http.Client, url string, out any) error {
	answer, err := ask(ctx, from, url)
	if err != nil {
		return err
	}
	defer drop(answer)
	if answer.StatusCode != http.StatusOK {
		return problem.Read(answer)
	}
	return decode(answer, out)
}

// most is what is read of an answer, in bytes.
const most = 4 << 20

func decode(answer *http.Response, out any) error {
	if err := json.NewDecoder(io.LimitReader(answer.Body, most)).Decode(out); err != nil {
		return fmt.Errorf("read the answer of %s: %w", answer.Request.URL, err)
	}
	return nil
}

// drop lets go of an answer of which no more is wanted.
func drop(answer *http.Response) {
	if answer != nil {
		_ = answer.Body.Close() // it was only read
	}
}
