package shopper

import (
	"encoding/json"
	"figlab/api/shopapi"
	"figlab/internal/history"
	"fmt"
	"maps"
	"net/http"
)

// An operation is one of the contract's, as a shopper does it. ask notes in the record what is asked; learn notes what was answered.
type operation struct {
	method  string
	auth    bool // wants a token
	mayAuth bool // looks at one
	ask     func(*Shopper, *history.Record) request
	learn   func(*Shopper, *history.Record, []byte) error
}

// operations returns all, by their operationId.
func operations() map[string]operation {
	all := browsing()
	maps.Copy(all, baskets())
	maps.Copy(all, ordering())
	maps.Copy(all, accounts())
	return all
}

// at is the request for a path that needs nothing else.
func at(path string) func(*Shopper, *history.Record) request {
	return func(*Shopper, *history.Record) request { return request{path: path} }
}

// decode reads an answer and hands it on.
func decode[T any](note func(*Shopper, *history.Record, T)) func(*Shopper, *history.Record, []byte) error {
	return func(s *Shopper, rec *history.Record, body []byte) error {
		var v T
		if err := json.Unmarshal(body, &v); err != nil {
			return err
		}
		note(s, rec, v)
		return nil
	}
}

// baskets are the operations on cart and wishlist.
func baskets() map[string]operation {
	learnCart := decode(noteCart)
	return map[string]operation{
		"getCart": {method: http.MethodGet, auth: true, ask: at("/cart"), learn: learnCart},
		"putCartItem": {method: http.MethodPut, auth: true, learn: learnCart, ask: func(s *Shopper, rec *history.Record) request {
			rec.Product, rec.Quantity = s.product(), 1+int64(s.Roll()*3)
			return request{path: "/cart/items/" + rec.Product, body: shopapi.CartItemQuantity{Quantity: rec.Quantity}}
		}},
		"clearCart":   {method: http.MethodDelete, auth: true, ask: at("/cart"), learn: learnCart},
		"getWishlist": {method: http.MethodGet, auth: true, ask: at("/wishlist")},
		"putWishlistItem": {
			method: http.MethodPut, auth: true,
			ask: func(s *Shopper, rec *history.Record) request {
				rec.Product = s.product()
				return request{path: "/wishlist/items/" + rec.Product}
			},
			learn: func(s *Shopper, rec *history.Record, _ []byte) error { s.wish = rec.Product; return nil },
		},
		"moveWishlistItemToCart": {method: http.MethodPost, auth: true, ask: func(s *Shopper, rec *history.Record) request {
			rec.Product, s.wish = s.wish, ""
			return request{path: "/wishlist/items/" + rec.Product + "/move-to-cart"}
		}, learn: learnCart},
	}
}

func noteCart(s *Shopper, rec *history.Record, c shopapi.Cart) {
	s.cart, s.stuck, rec.Version = len(c.Items), s.stuck && len(c.Items) > 0, c.Version
	rec.Lines = make([]history.Line, len(c.Items))
	for i, item := range c.Items {
		rec.Lines[i] = history.Line{Product: item.ProductId, Quantity: item.Quantity, UnitPrice: item.UnitPrice.Amount}
	}
}

// accounts are the operations on users and on what they are told.
func accounts() map[string]operation {
	return map[string]operation{
		"createSession": {
			method: http.MethodPost,
			ask: func(s *Shopper, rec *history.Record) request {
				rec.User = s.email
				return request{path: "/sessions", body: shopapi.Credentials{Email: s.email, Password: s.password}}
			},
			learn: decode(func(s *Shopper, _ *history.Record, v shopapi.Session) { s.token = v.Token }),
		},
		"createUser": {method: http.MethodPost, ask: func(s *Shopper, rec *history.Record) request {
			s.keys++
			rec.User = fmt.Sprintf("%s-%04d-%06d@load.example.com", s.crowd.cfg.Clients, s.number, s.keys)
			return request{path: "/users", body: shopapi.NewUser{Email: rec.User, Name: "A newcomer", Password: s.password}}
		}},
		"getMe": {method: http.MethodGet, auth: true, ask: at("/users/me")},
		"listNotifications": {
			method: http.MethodGet, auth: true, ask: at("/notifications"),
			learn: decode(func(s *Shopper, _ *history.Record, v shopapi.NotificationPage) {
				s.message = ""
				for _, n := range v.Items {
					if n.ReadAt == nil {
						s.message = n.Id
					}
				}
			}),
		},
		"readNotification": {method: http.MethodPost, auth: true, ask: func(s *Shopper, _ *history.Record) request {
			id := s.message
			s.message = ""
			return request{path: "/notifications/" + id + "/read"}
		}},
	}
}
