package lab

import "strings"

// Parts of the bill: what CPU is spent on.
const (
	serialise = "serialise" // values to bytes and back, and whether they are what the contract says
	socket    = "socket"    // HTTP and what carries it
	database  = "database"
	broker    = "broker"    // talking to it
	telemetry = "telemetry" // logs and traces; a counter is too cheap to be seen
	crypto    = "crypto"
	collector = "runtime" // garbage collection, scheduling, and memory nobody can be named for
	rest      = "rest"    // the shop's own code
	unbilled  = ""        // taking the profile
)

// profiledParts lists them in the order of the bill.
func profiledParts() []string {
	return []string{serialise, socket, database, broker, telemetry, crypto, collector, rest}
}

// A rule says what a frame is spent on whose function's full name begins so.
type rule struct{ prefix, part string }

// rules are tried in this order. What none of them knows (the runtime, most of the standard library, system calls) is the tool of whoever
// called it: a write belongs to the socket or to the database, memory to whoever wanted it.
func rules() []rule {
	return []rule{
		{"runtime/pprof.", unbilled},
		{"runtime.netpoll", socket},
		{"runtime.gcBgMarkWorker", collector},
		{"runtime.bgsweep", collector},
		{"runtime.bgscavenge", collector},
		{"runtime.findRunnable", collector},
		{"runtime.schedule", collector},

		{"encoding/json", serialise},
		{"github.com/goccy/", serialise},
		{"github.com/getkin/kin-openapi/", serialise},
		{"github.com/oapi-codegen/", serialise},
		{"figlab/api/contract", serialise},
		{"figlab/microservices/platform/wire.", serialise},
		{"figlab/monolith/platform/wire.", serialise},

		{"log/slog", telemetry},
		{"log.", telemetry},
		{"go.opentelemetry.io/", telemetry},

		{"net.", socket},
		{"net/", socket},
		{"bufio.", socket},
		{"golang.org/x/net/", socket},
		{"github.com/labstack/", socket},

		{"modernc.org/", database},
		{"database/sql", database},
		{"gorm.io/", database},
		{"github.com/jackc/", database},
		{"github.com/pressly/goose", database},
		{"figlab/microservices/platform/store.", database},
		{"figlab/monolith/platform/db.", database},

		{"github.com/nats-io/", broker},
		{"figlab/internal/bus.", broker},
		{"figlab/internal/registry.", broker},

		{"crypto/", crypto},
		{"golang.org/x/crypto/", crypto},
		{"github.com/golang-jwt/", crypto},
		{"figlab/api/token.", crypto},
		{"figlab/internal/identity.", crypto},

		{"figlab/", rest},
		{"main.", rest},
	}
}

// classify says what a sample was spent on. Its stack holds the full names of functions, the one that ran first; the first that a rule
// knows decides.
func classify(stack []string) string {
	all := rules()
	for _, frame := range stack {
		for _, r := range all {
			if strings.HasPrefix(frame, r.prefix) {
				return r.part
			}
		}
	}
	if len(stack) > 0 && (strings.HasPrefix(stack[0], "runtime.") || strings.HasPrefix(stack[0], "internal/runtime/")) {
		return collector
	}
	return rest
}
