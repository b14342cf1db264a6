// Package events says which events the shop tells, and in which shape: what its consumers may rely on. The shapes are schemas of
// api/shop.yaml and api/internal.yaml, frozen in testdata as they were when their version was published. A test holds the schemas of today
// to the frozen ones: a field that somebody may read neither goes away nor changes, and what has to change gets a new version, which a
// consumer that does not know it refuses loudly.
package events

import (
	"encoding/json"
	"figlab/api/internalapi"
	"figlab/api/shopapi"
	"fmt"

	"github.com/getkin/kin-openapi/openapi3"
)

// A Kind of event: subject shop.<capability>.<type> on the bus, and a version of the shape of its data.
type Kind struct {
	Capability string
	Type       string
	Schema     int
	Shape      string // a schema of api/shop.yaml, or of api/internal.yaml
}

// Name of the kind, also of its file in testdata.
func (k Kind) Name() string { return fmt.Sprintf("%s.%s.%d", k.Capability, k.Type, k.Schema) }

// Known returns all kinds that are told.
func Known() []Kind {
	return []Kind{
		{"user", "user-registered", 1, "User"},
		{"catalog", "product-changed", 1, "Product"},
		{"ordertaking", "order-placed", 1, "Order"},       // by the monolith
		{"ordertaking", "order-placed", 2, "PlacedOrder"}, // by the service: with what order processing needs
		{"orderprocessing", "order-changed", 1, "Order"},
		{"payment", "payment-changed", 1, "Payment"},
		{"payment", "payment-refunded", 1, "BookedRefund"},
		{"logistics", "shipment-changed", 1, "Shipment"},
		{"warehouse", "stock-changed", 1, "Stock"},
		{"warehouse", "reservation-expired", 1, "Reservation"},
		{"notification", "notification-sent", 1, "Notification"},
	}
}

// Schemas are the shapes of events, resolved from the two contracts.
type Schemas struct{ shop, internal openapi3.Schemas }

// NewSchemas reads the contracts.
func NewSchemas() (s Schemas, err error) {
	shop, err := shopapi.GetSpec()
	if err != nil {
		return s, fmt.Errorf("read the contract: %w", err)
	}
	internal, err := internalapi.GetSpec()
	if err != nil {
		return s, fmt.Errorf("read the internal contract: %w", err)
	}
	return Schemas{shop.Components.Schemas, internal.Components.Schemas}, nil
}

// Of returns the schema of a kind's data.
func (s Schemas) Of(k Kind) (*openapi3.Schema, error) {
	for _, in := range []openapi3.Schemas{s.shop, s.internal} {
		if ref := in[k.Shape]; ref != nil && ref.Value != nil {
			return ref.Value, nil
		}
	}
	return nil, fmt.Errorf("event %s: no contract has a schema %s", k.Name(), k.Shape)
}

// Check says why an event is none that is known, or why its data does not keep to its schema.
func (s Schemas) Check(e internalapi.Event) error {
	for _, k := range Known() {
		if k.Capability != e.Capability || k.Type != e.Type || k.Schema != e.Schema {
			continue
		}
		schema, err := s.Of(k)
		if err != nil {
			return err
		}
		var data any
		if err := json.Unmarshal(e.Data, &data); err != nil {
			return fmt.Errorf("event %s %s: %w", k.Name(), e.Id, err)
		}
		if err := schema.VisitJSON(data); err != nil {
			return fmt.Errorf("event %s %s: %w", k.Name(), e.Id, err)
		}
		return nil
	}
	return fmt.Errorf("event %s.%s.%d %s: nobody knows this kind", e.Capability, e.Type, e.Schema, e.Id)
}
