package notification

import "figlab/microservices/platform/call"

// Calls is whom this service asks: nobody. All that a message says is in the event it is about.
func Calls() []call.Policy { return nil }
