// Package token issues and verifies the shop's session tokens: JSON Web Tokens (RFC 7519) signed with Ed25519 (RFC 8037), verified by the
// keys that getJWKS publishes.
package token
