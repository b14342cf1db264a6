package saga

// operations returns what is asked for in a phase, one after the other.
func operations(p Phase) []Op {
	switch p {
	case Reserving:
		return []Op{Reserve}
	case Authorising:
		return []Op{Authorise}
	case Shipping:
		return []Op{Plan}
	case Confirming:
		return []Op{Keep}
	case Committing:
		return []Op{Commit}
	case Releasing:
		return []Op{Release}
	case Compensating: // the warehouse has nothing to release: the reservation has expired
		return []Op{Recall, Refund}
	case Cancelling: // the recall comes first: it alone may be refused
		return []Op{Recall, Release, Refund}
	default:
		return nil
	}
}

// following returns the operation that comes after op in a phase; the first after none, and none after the last.
func following(p Phase, op Op) Op {
	all := append([]Op{""}, operations(p)...)
	for i, o := range all[:len(all)-1] {
		if o == op {
			return all[i+1]
		}
	}
	return ""
}

// onward returns the phase that comes when all that is asked for in p is done.
func onward(p Phase) Phase {
	switch p {
	case Reserving:
		return Authorising
	case Authorising:
		return Shipping
	case Shipping:
		return Confirming
	case Confirming:
		return Confirmed
	case Committing:
		return Shipped
	case Releasing, Compensating:
		return Rejected
	case Cancelling:
		return Cancelled
	default:
		return p
	}
}
