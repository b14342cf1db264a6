package wire

// Optional returns nil for the zero value, which the contract leaves out.
func Optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// Or returns what p points to, or the default.
func Or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// Limit returns the size of a page: the contract's default unless the caller asked for another.
func Limit(asked *int) int { return Or(asked, 20) }
