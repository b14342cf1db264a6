package lab

import (
	"context"
	"errors"
	"figlab/bench/load"
	"figlab/chaos/oracle"
	"figlab/internal/engine"
	"figlab/internal/history"
	"figlab/internal/process"
	"figlab/internal/topology"
	"figlab/scenarios"
	"fmt"
	"io"
	"path/filepath"
	"time"
)

// Phases of a stage; those of drills are named by the drill.
const (
	warmup   = "warmup"
	moving   = "move"
	steady   = "steady"
	recovery = "recovery"
	cooldown = "cooldown"
)

// patience is how long a shopper waits for an answer.
const patience = 5 * time.Second

// A walk leads one shop through the stages.
type walk struct {
	scenario scenarios.Scenario
	options  Options
	folder   *folder
	shop     *shop
	recorder *recorder
	figload  string
	owners   map[string]string // operationId → capability
	out      io.Writer
	run      history.Run
}

// stage brings the shop to a stage, has it live through the scenario, and judges it. Where clients call the same door as before, the load
// goes on while the stage is reached.
func (w *walk) stage(ctx context.Context, t topology.Topology) error {
	sr := history.StageRun{ID: t.Stage.ID, Name: t.Stage.Name, Faults: []history.FaultRun{}}
	moved := len(w.run.Moves)
	w.say("stage %s %s", t.Stage.ID, t.Stage.Name)
	if w.shop.at.Entry != t.Entry {
		if err := w.reach(ctx, t, &sr); err != nil {
			return err
		}
	}
	w.recorder.enter(warmup)
	running, err := w.load(ctx, t)
	if err != nil {
		return err
	}
	if err := w.live(ctx, t, &sr); err != nil {
		running.Stop()
		_, late := running.Wait()
		return errors.Join(err, late)
	}
	w.recorder.enter(cooldown)
	if err := w.settle(ctx, running, &sr); err != nil {
		return err
	}
	for i := moved; i < len(w.run.Moves); i++ {
		w.run.Moves[i].LostWrites, w.run.Moves[i].DoubledWrites = violations(sr, "O5"), violations(sr, "O4")
	}
	if err := w.compare(ctx, t); err != nil {
		return err
	}
	sr.Verdict = stageVerdict(sr)
	w.run.Stages = append(w.run.Stages, sr)
	return nil
}

func (w *walk) reach(ctx context.Context, t topology.Topology, sr *history.StageRun) error {
	took, err := w.shop.advance(ctx, t)
	if err == nil && t.Entry == topology.Gateway {
		err = w.shop.acquainted(ctx)
	}
	if err != nil {
		return fmt.Errorf("reach stage %s: %w", t.Stage.ID, err)
	}
	sr.ReadyMS = milliseconds(took)
	w.say("  ready in %.1f s: %d processes", took.Seconds(), len(t.Processes))
	return nil
}

// load starts the shoppers, for as long as the phases of a stage take at most.
func (w *walk) load(ctx context.Context, t topology.Topology) (*load.Run, error) {
	p, stage := w.scenario.Phases, t.Stage.ID
	whole := p.Warmup + p.Steady + 2*time.Second
	if t.Has(topology.Strangler) && (w.shop.at.Stage.ID != stage || t.Has(topology.Gateway)) { // who leads the moves
		whole += p.Move
	}
	for _, d := range w.scenario.Drills {
		whole += d.For + p.Recovery + time.Second // a second for looking before and after
	}
	return load.Start(ctx, w.figload, filepath.Join(w.folder.logs(), "load-"+stage), load.Config{
		URL: w.shop.url(), Mix: w.scenario.Load.Mix, Rate: w.scenario.Load.Rate, Duration: whole, Seed: w.options.Shop.Seed,
		Products: w.options.Shop.Products, Users: w.options.Shop.Users, Stage: stage, Clients: "stage-" + stage, Epoch: w.recorder.epoch,
		Timeout: patience, VUs: max(20, int(2*w.scenario.Load.Rate)),
	}, w.recorder.add)
}

// live is what a stage goes through under load.
func (w *walk) live(ctx context.Context, t topology.Topology, sr *history.StageRun) error {
	if err := process.Pause(ctx, w.scenario.Phases.Warmup); err != nil {
		return err
	}
	if err := w.moves(ctx, t, sr); err != nil {
		return err
	}
	if err := w.steady(ctx, sr); err != nil {
		return err
	}
	for _, d := range w.scenario.Drills {
		f, err := w.drill(ctx, d)
		if err != nil {
			return err
		}
		sr.Faults = append(sr.Faults, f)
		w.recorder.enter(recovery)
		if err := process.Pause(ctx, w.scenario.Phases.Recovery); err != nil {
			return err
		}
	}
	return nil
}

// moves brings the stage's capabilities to their services.
func (w *walk) moves(ctx context.Context, t topology.Topology, sr *history.StageRun) error {
	w.recorder.enter(moving)
	ctx, cancel := context.WithTimeout(ctx, w.scenario.Phases.Move)
	defer cancel()
	if w.shop.at.Stage.ID != t.Stage.ID {
		if err := w.reach(ctx, t, sr); err != nil {
			return err
		}
	}
	moves, err := w.shop.move(ctx)
	if err != nil {
		return err
	}
	for _, m := range moves {
		for _, rec := range w.recorder.of(t.Stage.ID, moving) {
			if w.owners[rec.Op] == m.Capability {
				m.Requests++
				if !good(rec) {
					m.FailedRequests++
				}
			}
		}
		w.say("  moved the reads of %s: %d rows in %.0f ms, %d of %d requests failed meanwhile",
			m.Capability, m.Rows, m.CatchUpMS, m.FailedRequests, m.Requests)
		w.run.Moves = append(w.run.Moves, m)
	}
	return nil
}

// steady measures the stage as it is.
func (w *walk) steady(ctx context.Context, sr *history.StageRun) error {
	before, err := w.shop.usage()
	if err != nil {
		return err
	}
	w.recorder.enter(steady)
	if err := process.Pause(ctx, w.scenario.Phases.Steady); err != nil {
		return err
	}
	after, err := w.shop.usage()
	if err != nil {
		return err
	}
	w.recorder.enter(recovery)
	records := w.recorder.of(sr.ID, steady)
	sr.Operations, sr.ServedBy = summarise(records), w.served(records)
	sr.Processes, sr.Cost = cost(before, after, len(records))
	w.say("  steady: %d operations, %d of them not answered as they should be", len(records), failures(records))
	return nil
}

// cost is what the processes of the shop spent between two looks, and what they held at the second.
func cost(before, after map[string]engine.Usage, operations int) (processes []history.ProcessCost, c history.Cost) {
	for _, name := range sorted(after) {
		u := after[name]
		p := history.ProcessCost{
			Name: name, CPUSeconds: (u.CPU - before[name].CPU).Seconds(),
			PrivateMB: megabytes(u.Private), ResidentMB: megabytes(u.Resident),
		}
		processes = append(processes, p)
		c.CPUSecondsPer1k += p.CPUSeconds
		c.PrivateMB += p.PrivateMB
		c.ResidentMB += p.ResidentMB
	}
	c.CPUSecondsPer1k *= 1000 / float64(max(operations, 1))
	return processes, c
}

func megabytes(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// settle waits for the load's end and the shop's rest, and has the oracles judge everything since the shop was empty.
func (w *walk) settle(ctx context.Context, running *load.Run, sr *history.StageRun) error {
	summary, err := running.Wait()
	if err != nil {
		return err
	}
	sr.Load = history.LoadCheck{
		Scheduled: summary.Scheduled, Dropped: summary.Dropped, GeneratorCPU: summary.CPU.Seconds(), Valid: summary.Dropped == 0,
	}
	facts, err := w.shop.rest(ctx, w.scenario.Phases.Rest)
	if err != nil {
		return err
	}
	sr.Oracles = oracle.Judge(oracle.Case{History: w.recorder.ofShop(), Facts: facts})
	for _, o := range sr.Oracles {
		w.say("  %s %s: %s, %d checked, %d violations", o.ID, o.Name, o.Verdict, o.Checked, o.Violations)
	}
	return nil
}

func (w *walk) say(format string, args ...any) {
	_, _ = fmt.Fprintf(w.out, format+"\n", args...) // progress only
}
