package shopper

import (
	"figlab/api/shopapi"
	"figlab/internal/history"
	"fmt"
	"net/http"
)

// declined is the share of orders that are paid with a card the provider declines.
const declined = 0.10

// ordering are the operations on orders and what follows from them.
func ordering() map[string]operation {
	return map[string]operation{
		"placeOrder": {method: http.MethodPost, auth: true, ask: askPlacement, learn: decode(notePlacement)},
		"getOrder":   {method: http.MethodGet, auth: true, ask: askOrder((*Shopper).open, "/orders/%s"), learn: decode(noteOrder)},
		"listOrders": {method: http.MethodGet, auth: true, ask: at("/orders"), learn: decode(noteOrders)},
		"cancelOrder": {
			method: http.MethodPost, auth: true, ask: askOrder((*Shopper).confirmed, "/orders/%s/cancel"), learn: decode(noteOrder),
		},
		"listOrderEvents": {method: http.MethodGet, auth: true, ask: askOrder((*Shopper).any, "/orders/%s/events")},
		"listPayments":    {method: http.MethodGet, auth: true, ask: askOrder((*Shopper).any, "/payments?order_id=%s")},
		"getShipment": {method: http.MethodGet, auth: true, ask: func(s *Shopper, rec *history.Record) request {
			o := s.shipped()
			if o == nil {
				o = &order{}
			}
			rec.Order = o.id
			return request{path: "/shipments/" + o.shipment}
		}},
	}
}

// askOrder asks about one of the shopper's orders. The record names it also when there is no answer: an order that was acknowledged and is
// not found is news.
func askOrder(which func(*Shopper) *order, path string) func(*Shopper, *history.Record) request {
	return func(s *Shopper, rec *history.Record) request {
		if o := which(s); o != nil {
			rec.Order = o.id
		}
		return request{path: fmt.Sprintf(path, rec.Order)}
	}
}

// askPlacement orders what is in the cart; a placement whose answer was lost is sent again instead, under the same key.
func askPlacement(s *Shopper, rec *history.Record) request {
	if s.lost == nil {
		card, service := "tok_visa", shopapi.Standard
		if s.Roll() < declined {
			card = "tok_declined"
		}
		if s.Roll() < 0.25 {
			service = shopapi.Express
		}
		s.lost = &placement{key: s.newKey(), body: shopapi.NewOrder{
			PaymentToken: card, ShippingService: service,
			ShippingAddress: shopapi.Address{
				Line1: fmt.Sprintf("%d Harbour Road", 1+s.number%200), City: "Porto", Postcode: "4000", Country: "PT",
			},
		}}
	}
	s.lost.tries++
	rec.Key = s.lost.key
	return request{path: "/orders", body: s.lost.body}
}

func notePlacement(s *Shopper, rec *history.Record, v shopapi.Order) {
	s.lost, s.cart = nil, 0
	s.stuck = v.Reason != nil && *v.Reason != shopapi.PaymentDeclined // then it may still be as it was
	s.fresh = v.State == shopapi.OrderStateConfirmed
	noteOrder(s, rec, v)
}

func noteOrder(s *Shopper, rec *history.Record, v shopapi.Order) {
	rec.Order, rec.State, rec.Total, rec.Version = v.Id, string(v.State), v.Total.Amount, v.Version
	rec.Lines = make([]history.Line, len(v.Lines))
	for i, l := range v.Lines {
		rec.Lines[i] = history.Line{Product: l.ProductId, Quantity: l.Quantity, UnitPrice: l.UnitPrice.Amount}
	}
	s.remember(seen(v))
}

// noteOrders lets a shopper who knows of no order find those of an earlier visit.
func noteOrders(s *Shopper, _ *history.Record, v shopapi.OrderPage) {
	if len(s.orders) == 0 && len(v.Items) > 0 {
		s.remember(seen(v.Items[0]))
	}
}

func seen(v shopapi.Order) order {
	o := order{id: v.Id, state: string(v.State)}
	if v.ShipmentId != nil {
		o.shipment = *v.ShipmentId
	}
	return o
}
