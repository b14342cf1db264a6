package shed

import (
	"figlab/api/contract"
	"figlab/api/problem"
	"net/http"
)

// Why a request got no turn.
var (
	errOverloaded = &problem.Error{
		Kind: "unavailable", Code: "overloaded", Detail: "more was asked of this process than it can do in time; the request was not begun",
	}
	errSpent = &problem.Error{
		Kind: "timeout", Code: "budget-spent", Detail: "the caller's time was over before the request had its turn; it was not begun",
	}
)

// refuse tells the caller why nothing was done. It is not logged: when there is too much to do, that would be more.
func (s *Shedder) refuse(w http.ResponseWriter, r *http.Request, why *problem.Error) {
	s.shed.Add(1)
	h := w.Header()
	h.Set(contract.NotExecuted, "1")
	if s.o.Name != "" {
		h.Set(contract.ServedBy, s.o.Name)
	}
	if why == errOverloaded {
		h.Set("Retry-After", "1")
	}
	d := problem.From(why)
	if d.RequestID = r.Header.Get(contract.RequestID); d.RequestID != "" {
		h.Set(contract.RequestID, d.RequestID)
	}
	_ = problem.Write(w, d) // a caller that is gone need not be told
}
