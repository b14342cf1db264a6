package recommendation

import "figlab/microservices/platform/call"

// Calls is whom this service asks: nobody. An event holds all that is counted, and an answer holds ids alone: what they are is said by
// whoever shows them.
func Calls() []call.Policy { return nil }
