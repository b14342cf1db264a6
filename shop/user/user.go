package user

import (
	"figlab/shop"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// A Role says what a user may do.
type Role string

// The roles.
const (
	Customer Role = "customer"
	Admin    Role = "admin"
)

// A User of the shop.
type User struct {
	ID      shop.UserID
	Email   string
	Name    string
	Role    Role
	Address *shop.Address // nil until given
	Created time.Time
}

// Errors of the rules.
var (
	ErrEmail         = shop.NewError(shop.Invalid, "invalid-email", "the e-mail address is not one")
	ErrPassword      = shop.NewError(shop.Invalid, "weak-password", "a password has 8 to 128 characters and is not the e-mail address")
	ErrEmailTaken    = shop.NewError(shop.Conflict, "email-taken", "there is already a user with this e-mail address")
	ErrCredentials   = shop.NewError(shop.Unauthenticated, "wrong-credentials", "e-mail address or password is wrong")
	ErrNotFound      = shop.NewError(shop.NotFound, "user-not-found", "there is no such user")
	ErrAdminRequired = shop.NewError(shop.Forbidden, "forbidden", "this takes the admin role")
)

// NormaliseEmail returns the form in which addresses are stored and compared: trimmed and in lower case.
func NormaliseEmail(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	local, domain, ok := strings.Cut(s, "@")
	if !ok || local == "" || domain == "" || strings.ContainsAny(s, " \t\r\n") || strings.Contains(domain, "@") || len(s) > 254 {
		return "", ErrEmail
	}
	return s, nil
}

// CheckPassword returns ErrPassword for a password nobody should use.
func CheckPassword(password, email string) error {
	if n := utf8.RuneCountInString(password); n < 8 || n > 128 || strings.EqualFold(password, email) {
		return ErrPassword
	}
	return nil
}

// What the seeded users sign in with. They exist in laboratories only.
const (
	SeedPassword      = "figlab-shopper"
	SeedAdminEmail    = "admin@example.com"
	SeedAdminPassword = "figlab-admin"
)

const seedKind = 1

// SeedEmail returns the address of seeded shopper i, counted from 1.
func SeedEmail(i int) string { return fmt.Sprintf("shopper-%04d@example.com", i) }

// Seed returns seeded user i: 0 is the admin, shoppers follow.
func Seed(seed uint64, i int) User {
	u := User{
		ID: shop.UserID(shop.SeedID(seed, seedKind, i)), Email: SeedEmail(i), Name: fmt.Sprintf("Shopper %d", i),
		Role: Customer, Created: shop.SeedTime(),
		Address: &shop.Address{
			Line1: fmt.Sprintf("%d Harbour Road", 1+i%200), City: "Porto", Postcode: fmt.Sprintf("4%03d", i%1000), Country: "PT",
		},
	}
	if i == 0 {
		u.Email, u.Name, u.Role, u.Address = SeedAdminEmail, "Admin", Admin, nil
	}
	return u
}
