// Package wishlist is the service that holds what a shopper may buy one day.
//
// In the monolith, moving a wish to the cart is one transaction over both, and names come from the catalog's table. Here the cart is a call
// away: it is asked first, under a key made of the wish, and the wish is given up afterwards. Whatever breaks off between the two, the wish
// is still there and the next try has the same key, so the cart takes it in once. A wish remembers the name its product had when it was
// last seen, which is shown while the catalog is down.
//
// Compare: shop/wishlist for the rules, monolith/wishlist for the same as a module.
package wishlist
