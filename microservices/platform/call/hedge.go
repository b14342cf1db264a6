package call

import (
	"context"
	"figlab/microservices/platform/balance"
	"net/http"
	"sync"
	"time"
)

// A duel is a try and its hedge: the first good answer wins, the other is given up.
type duel struct {
	*run
	first context.CancelFunc
	done  chan struct{} // closed when the hedge has ended

	mu     sync.Mutex
	over   bool
	second context.CancelFunc // nil: not sent yet
	answer *http.Response     // of the hedge, when it has won
}

// hedged makes a try and, when it takes too long, another one elsewhere. A try that is answered in time costs a timer more than without.
func (r *run) hedged(t *try) (*http.Response, error) {
	d := &duel{run: r, done: make(chan struct{})}
	ctx, cancel := context.WithCancel(r.ctx) // ends with that of the call at the latest
	d.first = cancel
	timer := time.AfterFunc(r.Hedge, d.hedge)
	answer, err := r.send(ctx, t)
	if timer.Stop() {
		return answer, err
	}
	d.mu.Lock()
	if won(answer, err) && !d.over {
		d.over = true
		if d.second != nil {
			d.second()
		}
	}
	d.mu.Unlock()
	<-d.done // one of the two is ended by now, or about to
	if d.answer != nil {
		drop(answer)
		r.hedgesWon.Add(1)
		return d.answer, nil
	}
	return answer, err
}

// hedge is the second try. It runs on the timer's goroutine, and the first waits for it.
func (d *duel) hedge() {
	defer close(d.done)
	t, err := d.admit(false)
	if err != nil {
		return // nobody else is there, or it is not worth while: the first may still answer
	}
	ctx, cancel := context.WithCancel(d.ctx)
	d.mu.Lock()
	may := !d.over && d.pay()
	d.second = cancel
	d.mu.Unlock()
	if !may {
		d.settle(t, cut, false)
		cancel()
		return
	}
	d.hedges.Add(1)
	answer, err := d.send(ctx, t)
	d.mu.Lock()
	mine := won(answer, err) && !d.over
	if mine {
		d.over, d.answer = true, answer
	}
	d.mu.Unlock()
	if mine {
		d.first()
		return
	}
	drop(answer)
	cancel()
}

func won(answer *http.Response, err error) bool {
	return err == nil && !balance.Failing(answer.StatusCode)
}
