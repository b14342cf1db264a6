package shop

// A Kind says what sort of failure an error is. The contract maps each kind to one HTTP status, and back.
type Kind string

// The kinds, append-only because they cross the wire.
const (
	Invalid         Kind = "invalid"         // the input breaks a rule
	Unauthenticated Kind = "unauthenticated" // nobody, or nobody we know
	Forbidden       Kind = "forbidden"       // somebody, but not allowed
	NotFound        Kind = "not-found"       // no such thing, or not yours
	Conflict        Kind = "conflict"        // the state of things forbids it
	Stale           Kind = "stale"           // based on a version that is no longer current
	Unavailable     Kind = "unavailable"     // somebody we need does not answer; not executed unless said otherwise
	Internal        Kind = "internal"        // a defect
)

// An Error is a failure with a kind for machines, a code that names the rule, and a sentence for people.
type Error struct {
	kind   Kind
	code   string
	detail string
}

// NewError returns an error of a kind. code is kebab-case and stable: it becomes the problem type of the contract.
func NewError(kind Kind, code, detail string) *Error { return &Error{kind, code, detail} }

// Error returns the sentence for people.
func (e *Error) Error() string { return e.detail }

// ErrorKind returns the kind as the contract knows it.
func (e *Error) ErrorKind() string { return string(e.kind) }

// ErrorCode returns the stable name of the rule that was broken.
func (e *Error) ErrorCode() string { return e.code }

// Is makes errors with the same code equal for errors.Is, whatever their sentence.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.code == e.code && t.kind == e.kind
}

// What more than one capability tells its callers.
var (
	ErrNoProduct  = NewError(NotFound, "product-not-found", "there is no such product")
	ErrNotForSale = NewError(Conflict, "not-for-sale", "the product is not for sale any more")
	ErrNoOrder    = NewError(NotFound, "order-not-found", "you have no such order")
	ErrKeyReused  = NewError(Conflict, "idempotency-key-reused", "this Idempotency-Key belongs to another request")
)
