package route

import (
	"encoding/base64"
	"encoding/json"
	"figlab/strangler/platform/plan"
	"hash/fnv"
	"net"
	"net/http"
	"strings"
)

// cohort puts a user into one of 10,000 cohorts, the same one for ever; another capability mixes the users anew, so that it is not always
// the same ones who go first. The hash is FNV-1a (Fowler, Noll, Vo), finished with the mix of SplitMix64 because FNV leaves neighbours
// close together.
func cohort(capability, user string) int {
	h := fnv.New64a()
	_, _ = h.Write([]byte(capability)) // a hash takes everything
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(user))
	x := h.Sum64()
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return int((x ^ x>>31) % plan.Whole)
}

// userOf names who asks: the subject of the session token, else the address the request came from. The token is not verified here: with a
// forged one a caller chooses nothing but his own cohort, and whoever answers verifies it.
func userOf(r *http.Request) string {
	if subject := subjectOf(r.Header.Get("Authorization")); subject != "" {
		return subject
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func subjectOf(authorization string) string {
	signed, ok := strings.CutPrefix(authorization, "Bearer ")
	if !ok {
		return ""
	}
	_, rest, _ := strings.Cut(signed, ".")
	payload, _, ok := strings.Cut(rest, ".")
	if !ok {
		return ""
	}
	b, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return ""
	}
	var claims struct {
		Subject string `json:"sub"`
	}
	if json.Unmarshal(b, &claims) != nil {
		return ""
	}
	return claims.Subject
}
