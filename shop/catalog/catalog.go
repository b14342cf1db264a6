package catalog

import (
	"figlab/shop"
	"strings"
	"time"
)

// A Product is something for sale, or something that was.
type Product struct {
	ID          shop.ProductID
	SKU         string
	Name        string
	Description string
	Category    string
	Price       shop.Money
	Weight      shop.Grams
	OnSale      bool
	Version     int64 // grows by one with each change
	Created     time.Time
	Updated     time.Time
}

// A Patch changes the fields that are not nil.
type Patch struct {
	Name        *string
	Description *string
	Category    *string
	Price       *shop.Money
	Weight      *shop.Grams
	OnSale      *bool
}

// Errors of the rules.
var (
	ErrNotFound   = shop.ErrNoProduct
	ErrNotForSale = shop.ErrNotForSale
	ErrSKUTaken   = shop.NewError(shop.Conflict, "sku-taken", "there is already a product with this SKU")
	ErrVersion    = shop.NewError(shop.Stale, "version-mismatch", "the product has changed since: read it again")
	ErrCurrency   = shop.NewError(shop.Invalid, "currency-mismatch", "the shop sells in EUR")
	ErrPrice      = shop.NewError(shop.Invalid, "invalid-price", "a price is above zero")
	ErrName       = shop.NewError(shop.Invalid, "invalid-name", "a product needs a name")
	ErrWeight     = shop.NewError(shop.Invalid, "invalid-weight", "a product weighs something")
	ErrCursor     = shop.NewError("malformed", "invalid-cursor", "this is not the next of a page")
)

// Check returns the first rule a product breaks.
func (p Product) Check() error {
	switch {
	case strings.TrimSpace(p.Name) == "":
		return ErrName
	case p.Price.Currency != shop.EUR:
		return ErrCurrency
	case p.Price.Amount <= 0:
		return ErrPrice
	case p.Weight <= 0:
		return ErrWeight
	}
	return nil
}

// Apply returns the product after a change, at the next version. A change based on another version than the current one is refused;
// version 0 means the caller does not care.
func (p Product) Apply(change Patch, version int64, at time.Time) (Product, error) {
	if version != 0 && version != p.Version {
		return Product{}, ErrVersion
	}
	set(&p.Name, change.Name)
	set(&p.Description, change.Description)
	set(&p.Category, change.Category)
	set(&p.Price, change.Price)
	set(&p.Weight, change.Weight)
	set(&p.OnSale, change.OnSale)
	p.Version++
	p.Updated = at
	return p, p.Check()
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// Cursor returns the position after a product in a list; the same in every house.
func Cursor(last shop.ProductID) string { return "p_" + string(last) }

// ParseCursor returns the product after which a list goes on; "" is the beginning.
func ParseCursor(cursor string) (shop.ProductID, error) {
	if cursor == "" {
		return "", nil
	}
	id, ok := strings.CutPrefix(cursor, "p_")
	if !ok || shop.CheckID(id) != nil {
		return "", ErrCursor
	}
	return shop.ProductID(id), nil
}
