package wishlist

// This service neither hears nor tells anything: a wish is nobody's business but the shopper's, and the names of products are looked up
// when they are shown. To keep them by events would need a copy of every product's name for the few that are wished for.
