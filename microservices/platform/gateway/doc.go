// Package gateway is the single entry of the house: it knows which service answers an operation of the contract, and carries the request to
// one of its instances.
//
// Every request of the house passes here, so the gateway does nothing a service can do: it checks no token, reads no body, and takes no
// framework on the way. Only reads are ever sent twice, and only to an instance that has refused the connection.
package gateway
