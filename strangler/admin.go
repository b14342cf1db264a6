package strangler

import (
	"context"
	"figlab/api/contract"
	"figlab/api/internalapi"
	"figlab/api/internalapi/stranglerapi"
	"figlab/internal/process"
	"figlab/strangler/platform/feed"
	"figlab/strangler/platform/plan"
	"figlab/strangler/platform/route"
	"net/http"
	"time"
)

// admin serves the doors by which a migration is led.
type admin struct {
	plans  []plan.Plan
	router *route.Router
	feeds  []*feed.Feed
}

var _ stranglerapi.StrictServerInterface = admin{}

// handler returns the doors as HTTP; the caller checks the token.
func (a admin) handler(deps process.Deps) http.Handler {
	e := contract.Behind(contract.Options{Name: deps.Name, Log: deps.Log, NewID: deps.IDs.New})
	stranglerapi.RegisterHandlers(e, stranglerapi.NewStrictHandler(a, nil))
	return e
}

// ReadRoutes returns the table in use.
func (a admin) ReadRoutes(context.Context, stranglerapi.ReadRoutesRequestObject) (stranglerapi.ReadRoutesResponseObject, error) {
	return stranglerapi.ReadRoutes200JSONResponse(a.table(a.router.Table())), nil
}

// ChangeRoute changes a weight.
func (a admin) ChangeRoute(
	_ context.Context, r stranglerapi.ChangeRouteRequestObject,
) (stranglerapi.ChangeRouteResponseObject, error) {
	t, err := a.router.Shift(r.Capability, r.Body.Weight, r.Body.ExpectedVersion)
	if err != nil {
		return nil, err
	}
	return stranglerapi.ChangeRoute200JSONResponse(a.table(t)), nil
}

func (a admin) table(t route.Table) internalapi.RouteTable {
	out := internalapi.RouteTable{Version: t.Version, Routes: []internalapi.Route{}}
	for _, p := range a.plans {
		if p.Shift != nil {
			out.Routes = append(out.Routes, internalapi.Route{
				Capability: p.Capability, Stage: p.Stage, Weight: t.Weights[p.Capability], Steps: p.Shift.Steps, Reads: p.Reads,
			})
		}
	}
	return out
}

// ReadCounts returns who answered what.
func (a admin) ReadCounts(context.Context, stranglerapi.ReadCountsRequestObject) (stranglerapi.ReadCountsResponseObject, error) {
	counts := a.router.Counts()
	out := stranglerapi.ReadCounts200JSONResponse{Operations: make([]internalapi.RouteCount, len(counts))}
	for i, c := range counts {
		out.Operations[i] = internalapi.RouteCount{
			Operation: c.Operation, Capability: c.Capability,
			Monolith: c.Monolith, Service: c.Service, Degraded: c.Degraded, Failed: c.Failed,
		}
	}
	return out, nil
}

// ReadFeeds returns how far the feeds have come.
func (a admin) ReadFeeds(ctx context.Context, _ stranglerapi.ReadFeedsRequestObject) (stranglerapi.ReadFeedsResponseObject, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	out := stranglerapi.ReadFeeds200JSONResponse{Feeds: []internalapi.FeedState{}}
	for _, f := range a.feeds {
		s := f.State()
		state := internalapi.FeedState{Capability: f.Capability(), Backfilled: s.Backfilled, Rows: s.Rows, Events: s.Events}
		lag, err := f.Lag(ctx)
		if state.Lag = lag; err == nil {
			err = s.Failure
		}
		if err != nil {
			text := err.Error()
			state.Error = &text
		}
		out.Feeds = append(out.Feeds, state)
	}
	return out, nil
}
