package process

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strings"
)

// Admin is the handler of a process's admin address: /healthz and /readyz for anyone, everything else behind the run's admin token.
// Without a token everything else is closed.
type Admin struct {
	token string
	mux   *http.ServeMux
	ready func() error
}

// NewAdmin returns the admin doors; every process has one for its CPU profile. ready says why the process cannot serve yet, or nil.
func NewAdmin(token string, ready func() error) *Admin {
	a := &Admin{token: token, mux: http.NewServeMux(), ready: ready}
	a.mux.HandleFunc("GET /profile", profile)
	return a
}

// Handle opens another door behind the token; patterns are those of http.ServeMux.
func (a *Admin) Handle(pattern string, h http.Handler) { a.mux.Handle(pattern, h) }

// ServeHTTP answers health and readiness, then checks the token and passes on.
func (a *Admin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/healthz":
		writeState(w, nil)
	case "/readyz":
		writeState(w, a.ready())
	default:
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || a.token == "" || subtle.ConstantTimeCompare([]byte(given), []byte(a.token)) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "admin token wanted", http.StatusUnauthorized)
			return
		}
		a.mux.ServeHTTP(w, r)
	}
}

func writeState(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "application/json")
	state := struct {
		OK     bool   `json:"ok"`
		Reason string `json:"reason,omitempty"`
	}{OK: err == nil}
	if err != nil {
		state.Reason = err.Error()
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(state) // the client went away: nobody is left to tell
}
