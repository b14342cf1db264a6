package saga

import rules "figlab/shop/orderprocessing"

// cancel begins to call an order back. Where that is not possible nothing happens: Cancellable says so.
func (t *turn) cancel() {
	if t.Step == Confirmed && !t.TooLate {
		t.enter(Cancelling)
	}
}

// Cancellable returns nil for an order that can be cancelled, is being cancelled or was, and rules.ErrNotCancellable for any other. A shell
// asks before CancelWanted, and again when the order has left Cancelling: the recall may have come too late.
func Cancellable(s State) error {
	switch {
	case s.Step == Cancelling || s.Step == Cancelled:
		return nil
	case s.Step == Confirmed && !s.TooLate:
		return nil
	default:
		return rules.ErrNotCancellable
	}
}
