package gateway

import (
	"figlab/internal/process"
	"io"
	"net/http"
	"net/url"
)

// forward has the service answer.
func (g *Gateway) forward(w http.ResponseWriter, r *http.Request, way *way) error {
	answer, err := way.service.RoundTrip(outgoing(r, way)) //nolint:bodyclose // pass closes it
	if err != nil {
		return err //nolint:wrapcheck // refuse tells it apart
	}
	g.pass(w, answer)
	return nil
}

// outgoing is the request as a service gets it; the instance is chosen by the call.
func outgoing(r *http.Request, way *way) *http.Request {
	out := r.WithContext(r.Context())
	out.URL = &url.URL{
		Scheme: "http", Host: way.Capability,
		Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery, ForceQuery: r.URL.ForceQuery,
	}
	// How this connection is used, and how the body came over it, ends here.
	out.RequestURI, out.Close, out.TransferEncoding, out.Trailer = "", false, nil, nil
	return out
}

// pass copies an answer to the caller.
func (g *Gateway) pass(w http.ResponseWriter, answer *http.Response) {
	defer func() { _ = answer.Body.Close() }() // it was only read
	process.EndToEnd(answer.Header)
	h := w.Header()
	for name, values := range answer.Header {
		h[name] = values
	}
	w.WriteHeader(answer.StatusCode)
	buffer, _ := g.buffers.Get().(*[]byte)
	defer g.buffers.Put(buffer)
	// Only the writer is shown: the server's own way of reading from a body writes a small answer in two packets, with a buffer of its own.
	if _, err := io.CopyBuffer(struct{ io.Writer }{w}, answer.Body, *buffer); err != nil {
		// Half an answer must not look like a whole one: the connection ends without the last chunk.
		panic(http.ErrAbortHandler)
	}
}
