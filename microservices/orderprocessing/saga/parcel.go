package saga

// parcel takes news of the parcel, once, in whatever order they come: one that has arrived was booked. News that come before the order is
// confirmed are kept until then.
func (t *turn) parcel(arrived bool) {
	switch {
	case t.Step == Rejected || t.Step == Cancelled:
		return
	case arrived:
		t.Delivered = true
	}
	t.Booked = true
	switch {
	case t.Step == Confirmed:
		t.enter(Committing)
	case t.Step == Cancelling && t.Op == Recall: // the recall will be refused: it came too late
		t.TooLate = true
		t.enter(Confirmed)
	case t.Step == Shipped && t.Delivered:
		t.enter(Delivered)
	}
}
