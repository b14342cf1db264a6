package shopper

import (
	"context"
	"errors"
	"figlab/internal/history"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// A Config says who comes and where to.
type Config struct {
	URL, Stage string
	Clients    string // prefix of client names and keys
	Seed       uint64 // of the seeded data and of everybody's will
	Products   int
	Users      int
	Regulars   int // shoppers who are there from the start
	Most       int // shoppers there may ever be, besides the admin
	Timeout    time.Duration
	Clock      func() int64 // nanoseconds of the run
}

// A Crowd is everybody. Whoever has waited longest acts next; when all are busy somebody new comes, as they do in an open model.
type Crowd struct {
	cfg   Config
	taste *taste
	ops   map[string]operation
	idle  chan *Shopper // first in, first out; holds everybody

	mu   sync.Mutex
	come int // how many shoppers have come, the admin not counted
}

// ErrOperation is returned for an operation the script named that nobody can do.
var ErrOperation = errors.New("no such operation of a shopper")

// signingIn is how many regulars sign in at the same time: hashing passwords is work for the shop.
const signingIn = 2

// NewCrowd returns the crowd with its regulars, who are not signed in yet.
func NewCrowd(cfg Config) *Crowd {
	c := &Crowd{cfg: cfg, taste: newTaste(cfg.Seed, cfg.Products), ops: operations()}
	c.idle = make(chan *Shopper, cfg.Most+1)
	c.idle <- newShopper(c, 0)
	for c.come < min(cfg.Regulars, cfg.Most) {
		c.come++
		c.idle <- newShopper(c, c.come)
	}
	return c
}

// SignIn signs the regulars in, once each and before the schedule begins. Who fails signs in when a token is needed.
func (c *Crowd) SignIn(ctx context.Context, report func(history.Record)) {
	var all sync.WaitGroup
	waiting := make(chan *Shopper, cap(c.idle))
	for range len(c.idle) {
		waiting <- <-c.idle
	}
	close(waiting)
	done := make(chan *Shopper, cap(c.idle))
	for range signingIn {
		all.Go(func() {
			for s := range waiting {
				if ctx.Err() == nil {
					rec := s.do(ctx, "createSession", 0)
					rec.Scheduled = rec.Call // it was due when it was done
					report(rec)
				}
				done <- s
			}
		})
	}
	all.Wait()
	close(done)
	for s := range done {
		c.idle <- s
	}
}

// Turn lets the next shopper do the one operation that choose names, and returns its record; due is when it should have been sent.
func (c *Crowd) Turn(ctx context.Context, due int64, choose func(*Shopper) (string, error)) (history.Record, error) {
	s, err := c.next(ctx)
	if err != nil {
		return history.Record{}, err
	}
	defer func() { c.idle <- s }()
	op, err := choose(s)
	if err != nil {
		return history.Record{}, fmt.Errorf("choose an operation: %w", err)
	}
	o, ok := c.ops[op]
	if !ok {
		return history.Record{}, fmt.Errorf("%w: %q", ErrOperation, op)
	}
	if o.auth && s.token == "" {
		op = "createSession"
	}
	return s.do(ctx, op, due), nil
}

// next returns an idle shopper, a new one when there is none, and waits only when everybody there may ever be is busy.
func (c *Crowd) next(ctx context.Context) (*Shopper, error) {
	select {
	case s := <-c.idle:
		return s, nil
	default:
	}
	if s := c.newcomer(); s != nil {
		return s, nil
	}
	select {
	case s := <-c.idle:
		return s, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a shopper: %w", ctx.Err())
	}
}

func (c *Crowd) newcomer() *Shopper {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.come >= c.cfg.Most {
		return nil
	}
	c.come++
	return newShopper(c, c.come)
}

// Close hangs up.
func (c *Crowd) Close() {
	for {
		select {
		case s := <-c.idle:
			s.client.CloseIdleConnections()
		default:
			return
		}
	}
}

// do does one operation and returns its record.
func (s *Shopper) do(ctx context.Context, op string, due int64) history.Record {
	o := s.crowd.ops[op]
	rec := history.Record{Op: op, Client: s.name(), Scheduled: due, Stage: s.crowd.cfg.Stage}
	if s.token != "" {
		rec.User = s.email
	}
	q := o.ask(s, &rec)
	q.method, q.key = o.method, rec.Key
	if o.auth || o.mayAuth {
		q.token = s.token
	}
	s.fresh = false
	body := s.crowd.attempt(ctx, s.client, q, &rec)
	if rec.Outcome == history.OK && o.learn != nil {
		if err := o.learn(s, &rec, body); err != nil { // an answer nobody can read says nothing
			rec.Error = fmt.Sprintf("the answer to %s: %v", op, err)
			rec.Outcome = judge(o.method != http.MethodGet, rec.Wrote, rec.Status, false, err)
		}
	}
	if rec.Outcome != history.OK {
		s.conclude(&rec)
	}
	return rec
}
