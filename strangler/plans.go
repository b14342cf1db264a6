package strangler

import (
	"errors"
	"figlab/strangler/cart"
	"figlab/strangler/catalog"
	"figlab/strangler/logistics"
	"figlab/strangler/notification"
	"figlab/strangler/orderprocessing"
	"figlab/strangler/ordertaking"
	"figlab/strangler/payment"
	"figlab/strangler/platform/plan"
	"figlab/strangler/recommendation"
	"figlab/strangler/search"
	"figlab/strangler/user"
	"figlab/strangler/warehouse"
	"figlab/strangler/wishlist"
)

// Plans returns the twelve plans, in the order in which the capabilities move; the error tells the problems of all of them.
func Plans() (plans []plan.Plan, err error) {
	for _, read := range []func() (plan.Plan, error){
		notification.Plan, search.Plan, recommendation.Plan, catalog.Plan, wishlist.Plan, user.Plan,
		cart.Plan, logistics.Plan, warehouse.Plan, payment.Plan, orderprocessing.Plan, ordertaking.Plan,
	} {
		p, failed := read()
		plans, err = append(plans, p), errors.Join(err, failed)
	}
	return plans, err
}
