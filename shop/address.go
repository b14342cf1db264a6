package shop

// An Address is where a parcel goes. Orders keep a snapshot of it.
type Address struct {
	Line1    string
	Line2    string
	City     string
	Postcode string
	Country  string // ISO 3166-1 alpha-2
}
