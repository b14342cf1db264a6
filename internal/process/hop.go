package process

import (
	"net/http"
	"strings"
)

// EndToEnd removes from a header what is meant for the next hop only (RFC 9110 §7.6.1): the fixed fields and those that Connection names.
// Whoever passes a request or an answer on calls it.
func EndToEnd(h http.Header) {
	for _, list := range h["Connection"] {
		for name := range strings.SplitSeq(list, ",") {
			if name = strings.TrimSpace(name); name != "" {
				h.Del(name)
			}
		}
	}
	for _, name := range [...]string{
		"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade",
	} {
		delete(h, name)
	}
}
