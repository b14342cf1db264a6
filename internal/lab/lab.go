package lab

import (
	"context"
	"errors"
	"figlab/api/contract"
	"figlab/internal/engine"
	"figlab/internal/engine/program"
	"figlab/internal/history"
	"figlab/internal/report"
	"figlab/internal/topology"
	"figlab/scenarios"
	"fmt"
	"io"
	"path/filepath"
	"time"
)

// figures is the folder beside RESULTS.md for what it shows.
const figures = "docs/figures/results"

// Run is the main job: it walks a shop through the stages of a scenario, and writes down what it saw. The run it returns is complete only
// when the error is nil. Ctrl-C, as an end of ctx, leaves nothing running.
func Run(ctx context.Context, o Options, out io.Writer) (run history.Run, err error) {
	scenario, err := o.scenario()
	if err = errors.Join(err, o.Shop.validate()); err != nil {
		return run, UsageError{err}
	}
	started := time.Now()
	f, err := newFolder(o.Out, scenario.Name, started)
	if err != nil {
		return run, UsageError{err}
	}
	defer func() { err = errors.Join(err, f.close()) }()
	w := &walk{scenario: scenario, options: o, folder: f, out: out, run: begin(ctx, o, scenario, started)}
	if err := w.all(ctx); err != nil {
		return w.run, fmt.Errorf("%w\nlogs are in %s", err, f.logs())
	}
	conclude(&w.run)
	w.run.DurationMS = milliseconds(time.Since(started))
	return w.run, w.tell()
}

// begin is the run as it is known before it begins.
func begin(ctx context.Context, o Options, s scenarios.Scenario, now time.Time) history.Run {
	root, _ := program.Root()
	return history.Run{
		SchemaVersion: history.SchemaVersion, Name: s.Name, Started: now.UTC(), Seed: o.Shop.Seed, Engine: o.Shop.Engine,
		Store:  o.Shop.Store,
		Commit: commit(ctx, root), Command: o.Command, Environment: environment(), Stages: []history.StageRun{}, Moves: []history.Move{},
		Load:       history.Load{Mix: s.Load.Mix, RatePerSecond: s.Load.Rate, Products: o.Shop.Products, Users: o.Shop.Users},
		Comparison: []history.Comparison{},
	}
}

// all walks the stages with a shop of its own.
func (w *walk) all(ctx context.Context) (err error) {
	operations, err := contract.Operations()
	if err != nil {
		return err
	}
	w.owners = map[string]string{}
	for _, o := range operations {
		w.owners[o.ID] = o.Capability
	}
	figshop, err := program.Find(ctx, "figshop", w.out)
	if err != nil {
		return err
	}
	if w.figload, err = program.Find(ctx, "figload", w.out); err != nil {
		return err
	}
	if w.recorder, err = newRecorder(filepath.Join(w.folder.path, "history.jsonl"), time.Now()); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.recorder.close()) }()
	chapters, err := w.chapters()
	if err != nil {
		return err
	}
	for i, stages := range chapters {
		at := site{program: figshop, data: filepath.Join(w.folder.data(), fmt.Sprintf("chapter-%d", i+1)), logs: w.folder.logs()}
		if err := w.chapter(ctx, stages, at); err != nil {
			return err
		}
	}
	return w.appraise(ctx, figshop)
}

// chapters groups the stages: those of one chapter are walked by one shop, whose rows go along. Where rows do not go along, another shop
// begins, empty.
func (w *walk) chapters() (chapters [][]topology.Topology, err error) {
	for i, id := range w.scenario.Stages {
		t, err := w.options.Shop.at(id)
		if err != nil {
			return nil, err
		}
		if i == 0 || t.Fresh {
			chapters = append(chapters, nil)
		}
		chapters[len(chapters)-1] = append(chapters[len(chapters)-1], t)
	}
	return chapters, nil
}

// chapter walks a shop of its own through some stages.
func (w *walk) chapter(ctx context.Context, stages []topology.Topology, at site) (err error) {
	w.recorder.turnPage()
	w.shop, err = openShop(ctx, w.options.Shop, stages, at)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.shop.close(ctx)) }()
	return guarded(ctx, w.shop.engine, func(ctx context.Context) error {
		for _, t := range stages {
			if err := w.stage(ctx, t); err != nil {
				return fmt.Errorf("stage %s: %w", t.Stage.ID, err)
			}
		}
		return nil
	})
}

// guarded does something with a shop until it is done or a process of the shop ends that nobody asked to.
func guarded(ctx context.Context, e engine.Engine, do func(ctx context.Context) error) error {
	ctx, fall := context.WithCancelCause(ctx)
	defer fall(nil)
	go func() {
		select {
		case x := <-e.Exits():
			fall(fmt.Errorf("%s ended by itself (%w); its last words:\n%s", x.Name, x.Err, x.Tail))
		case <-ctx.Done():
		}
	}()
	err := do(ctx)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause // whatever else went wrong followed from it
	}
	return err
}

// tell writes the results and prints the summary.
func (w *walk) tell() error {
	if err := report.Write(w.folder.path, w.run); err != nil {
		return err
	}
	if err := w.folder.latest(); err != nil {
		return err
	}
	path := w.options.reportPath()
	if path != "" {
		if err := report.Results(path, figures, w.run); err != nil {
			return err
		}
	}
	if err := report.Table(w.out, w.run); err != nil {
		return err
	}
	w.say("results: %s", w.folder.path)
	if path != "" {
		w.say("report:  %s", path)
	}
	return nil
}

// reportPath is where RESULTS.md is regenerated: where the caller wants it, else in the source tree when the whole scenario was walked, for
// a part of it must not pass for the whole.
func (o Options) reportPath() string {
	switch root, ok := program.Root(); {
	case o.Report == "none":
		return ""
	case o.Report != "":
		return o.Report
	case ok && len(o.Stages) == 0 && o.Rate == 0:
		return filepath.Join(root, "RESULTS.md")
	}
	return ""
}
