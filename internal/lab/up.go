package lab

import (
	"context"
	"errors"
	"figlab/api/shopapi"
	"figlab/internal/engine"
	"figlab/internal/engine/program"
	"figlab/internal/topology"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	user "figlab/shop/user"
)

// fedWithin is how long the services of a stage may take to get their data.
const fedWithin = time.Minute

// Up keeps a shop running at a stage until ctx ends, and says how to reach it. Its data are gone afterwards.
func Up(ctx context.Context, o UpOptions, out io.Writer) (err error) {
	if err := o.validate(); err != nil {
		return UsageError{err}
	}
	t, err := o.Shop.at(o.Stage)
	if err != nil {
		return UsageError{err}
	}
	at := site{}
	if o.Port != 0 {
		at.entry = net.JoinHostPort("127.0.0.1", strconv.Itoa(o.Port))
		if err := engine.Bindable(ctx, at.entry); err != nil {
			return UsageError{fmt.Errorf("--port: %w", err)}
		}
	}
	if at.program, err = program.Find(ctx, "figshop", out); err != nil {
		return err
	}
	if at.data, err = os.MkdirTemp("", "figlab-up-*"); err != nil {
		return fmt.Errorf("a folder for the shop's data: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(at.data)) }()
	at.logs = filepath.Join(at.data, "logs")
	start := time.Now()
	s, err := openShop(ctx, o.Shop, []topology.Topology{t}, at)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	err = guarded(ctx, s.engine, func(ctx context.Context) error {
		if err := s.settleAt(ctx, t); err != nil {
			return err
		}
		if err := s.introduce(ctx, out, time.Since(start)); err != nil {
			return err
		}
		<-ctx.Done()
		return context.Cause(ctx)
	})
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil // that is how it is meant to end
	}
	return err
}

// settleAt brings a fresh shop to a stage with everything that has moved by then.
func (s *shop) settleAt(ctx context.Context, t topology.Topology) error {
	if _, err := s.advance(ctx, t); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, fedWithin)
	defer cancel()
	if !t.Has(topology.Strangler) {
		return s.acquainted(ctx)
	}
	table, err := s.routes(ctx)
	if err != nil {
		return err
	}
	for _, r := range table.Routes {
		if t.ReadsAt[r.Capability] != topology.Service {
			continue
		}
		if _, err := s.fed(ctx, r.Capability); err != nil {
			return fmt.Errorf("the data of %s: %w", r.Capability, err)
		}
		if err := s.weigh(ctx, r.Capability, r.Steps[len(r.Steps)-1]); err != nil {
			return err
		}
	}
	return nil
}

// introduce says where the shop is and how to shop there.
func (s *shop) introduce(ctx context.Context, out io.Writer, took time.Duration) error {
	credentials := shopapi.Credentials{Email: user.SeedEmail(1), Password: user.SeedPassword}
	var session shopapi.Session
	if err := s.doors.call(ctx, http.MethodPost, s.url()+"/sessions", credentials, &session); err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	_, err := fmt.Fprintf(out, `shop at stage %s (%s), ready in %.1f s
  url    %s
  user   %s, password %s
  token  %s
  try    curl -H "Authorization: Bearer $TOKEN" %s/cart
Ctrl-C stops it.
`, s.at.Stage.ID, s.at.Stage.Name, took.Seconds(), s.url(), credentials.Email, credentials.Password, session.Token, s.url())
	return err
}
