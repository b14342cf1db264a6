package catalog

import (
	"figlab/shop"
	"fmt"
)

const seedKind = 2

// Categories returns the categories of the seeded catalog.
func Categories() []string {
	return []string{
		"audio", "bags", "bakeware", "bedding", "bikes", "board-games", "books", "cameras", "camping", "coffee", "garden", "headwear",
		"kitchen", "lamps", "laptops", "music", "office", "outdoor", "phones", "shoes", "stationery", "tools", "toys", "watches",
	}
}

func words() (makes, materials, things, uses []string) {
	makes = []string{
		"Alder", "Borealis", "Cobalt", "Drift", "Ember", "Fjord", "Garnet",
		"Harbour", "Ionic", "Juniper", "Kestrel", "Lumen", "Meridian", "Nimbus",
	}
	materials = []string{
		"aluminium", "bamboo", "canvas", "ceramic", "copper", "cotton", "felt",
		"glass", "leather", "linen", "oak", "steel", "walnut", "wool",
	}
	things = []string{
		"case", "clock", "compass", "holder", "kettle", "lantern", "notebook", "organiser",
		"pack", "pan", "press", "speaker", "stand", "torch", "tray", "wallet",
	}
	uses = []string{
		"everyday use", "long journeys", "small kitchens", "rainy days", "early mornings", "tidy desks", "weekend trips", "gifts",
	}
	return makes, materials, things, uses
}

// Seed returns seeded product i of a catalog, counted from 0. Products are in id order.
func Seed(seed uint64, i int) Product {
	makes, materials, things, uses := words()
	draw := func(n int, what uint64) int { return int(shop.Mix(seed, seedKind, uint64(i), what) % uint64(n)) }
	model, material, thing := makes[draw(len(makes), 10)], materials[draw(len(materials), 11)], things[draw(len(things), 12)]
	category := Categories()[draw(len(Categories()), 13)]
	return Product{
		ID:   SeedID(seed, i),
		SKU:  fmt.Sprintf("FIG-%06d", i),
		Name: fmt.Sprintf("%s %s %s %d", model, material, thing, 100+i%900),
		Description: fmt.Sprintf("A %s %s from the %s line, made for %s. Found under %s.",
			material, thing, model, uses[draw(len(uses), 14)], category),
		Category: category,
		Price:    shop.Euro(int64(199 + draw(250, 15)*draw(100, 16))),
		Weight:   shop.Grams(50 + draw(4000, 17)),
		OnSale:   true, Version: 1, Created: shop.SeedTime(), Updated: shop.SeedTime(),
	}
}

// SeedID returns the id of seeded product i without making the product.
func SeedID(seed uint64, i int) shop.ProductID { return shop.SeedProduct(seed, i) }

// SeedWord returns a word that seeded product i can be found by.
func SeedWord(seed uint64, i int) string {
	_, materials, things, _ := words()
	if i%2 == 0 {
		return materials[shop.Mix(seed, seedKind, uint64(i), 11)%uint64(len(materials))]
	}
	return things[shop.Mix(seed, seedKind, uint64(i), 12)%uint64(len(things))]
}
