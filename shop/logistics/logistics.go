package logistics

import (
	"figlab/shop"
	"strings"
)

// A State of a shipment.
type State string

// The states.
const (
	Pending   State = "pending" // to be booked at the carrier
	Booked    State = "booked"
	Delivered State = "delivered"
	Cancelled State = "cancelled"
)

// A Service of the carrier.
type Service string

// The services.
const (
	Standard Service = "standard"
	Express  Service = "express"
)

// A Quote is what a service costs and how long it takes.
type Quote struct {
	Service Service
	Price   shop.Money
	Days    int64
}

// Errors of the rules.
var (
	ErrNotFound = shop.NewError(shop.NotFound, "shipment-not-found", "there is no such shipment")
	ErrService  = shop.NewError(shop.Invalid, "unknown-service", "there is no such shipping service")
	ErrWeight   = shop.NewError(shop.Invalid, "invalid-weight", "a parcel weighs something")
)

// zone is how far a country is from the warehouse in Portugal: 0 home, 1 the European Union, 2 the rest.
func zone(country string) int64 {
	switch {
	case country == "PT":
		return 0
	case strings.Contains(" AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL RO SE SI SK ", " "+country+" "):
		return 1
	}
	return 2
}

// Quotes returns what carrying a weight to a country costs, cheapest first. Each kilogram begun costs.
func Quotes(country string, weight shop.Grams) ([]Quote, error) {
	if weight <= 0 {
		return nil, ErrWeight
	}
	z, kilos := zone(country), (int64(weight)+999)/1000
	standard := 290 + 300*z + kilos*(40+60*z)
	return []Quote{
		{Standard, shop.Euro(standard), 2 + 2*z},
		{Express, shop.Euro(2*standard + 300), 1 + z},
	}, nil
}

// Rate returns the quote of one service.
func Rate(country string, weight shop.Grams, service Service) (Quote, error) {
	quotes, err := Quotes(country, weight)
	if err != nil {
		return Quote{}, err
	}
	for _, q := range quotes {
		if q.Service == service {
			return q, nil
		}
	}
	return Quote{}, ErrService
}
