package user

import (
	"figlab/microservices/platform/outbox"

	rules "figlab/shop/user"
)

// This service hears nothing. It tells that somebody has registered; what users change afterwards is nobody else's business.

// registered is the event of a new user, as the contract shows one: without the password.
func registered(u rules.User) outbox.Change {
	return outbox.Change{Type: "user-registered", Key: string(u.ID), Version: 1, User: string(u.ID), Data: toWire(u)}
}
