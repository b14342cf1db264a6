package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"figlab/internal/history"
	"fmt"
	"slices"
	"strings"
)

func howToRead() section {
	return section{ID: "how-to-read", Title: "How to read this", Blocks: []block{{List: [][]span{
		prose("A stage is a state of the migration the whole shop can rest in: 00 is the monolith alone, each later one has moved " +
			"something more."),
		prose("Latency runs from the moment a request was due, not from the moment it was sent, to the last byte: waiting behind " +
			"slow answers counts."),
		prose("Errors are operations without an answer, failures of the shop (5xx), and refusals for load (429). " +
			"A refusal that is the caller's own doing is an answer."),
		prose("Availability under a fault is the share of scheduled requests that were answered well while the fault acted. " +
			"Degraded answers came from a fallback; they are counted beside it."),
		prose("A fault passes only with evidence that it acted and proof that it was undone. Without evidence it is inconclusive, " +
			"whatever the clients felt."),
		prose("An oracle is an invariant checked on what clients saw and what the stores hold, once the shop is at rest. One " +
			"violation is one too many."),
		prose("The verdicts: pass; fail, an expectation was missed; inconclusive, nothing may be concluded; violated, an oracle " +
			"was violated."),
		prose("– means not measured, or too few samples to say. It never means 0."),
	}}}}
}

// houseOfServices is the stage without a monolith.
const houseOfServices = "14"

func threats(r history.Run) section {
	l := [][]span{
		prose("One machine: load generator, fault injector and every process of the shop share its CPUs. More processes compete " +
			"more, which hosts of their own would not show."),
		prose("Loopback: a hop costs tens of microseconds here. On a network it costs more, and is lost or cut now and then."),
		prose("Short phases: seconds, not days. Leaks, compaction, cache ageing and daily peaks do not show."),
		prose("One run: there is no interval around these numbers, and whatever else the host did meanwhile is in the differences " +
			"between stages."),
		storeThreat(r.Store),
		prose("The p99 of n samples rests on the n/100 slowest: of 100 requests it is one request, of 1,000 it is ten. Counts " +
			"stand beside each p99; below 100 samples it is not shown, and below 1,000 it is a hint."),
		prose("Availability under a fault is a share of the requests of that short phase: with 200 of them, one request is half a " +
			"percent."),
		prose("What a stage costs is counted over the processes of the shop. The links between them, on which faults are injected, run " +
			"in the lab and are in none of these figures."),
	}
	if slices.ContainsFunc(r.Stages, func(s history.StageRun) bool { return s.ID == houseOfServices }) {
		l = append(l, prose("Stage 14 begins with rows of its own: no row has been migrated to it from the stages before it."))
	}
	if noise := noisy(r.Environment); noise != "" {
		l = append([][]span{plain(noise)}, l...)
	}
	return section{ID: "threats", Title: "Threats to validity", Blocks: []block{{List: l}}}
}

func storeThreat(store string) []span {
	if strings.Contains(strings.ToLower(store), "sqlite") {
		return prose("SQLite: one writer per database file. The monolith has one file and queues its writes; services have one " +
			"each and do not. A database server would shift this comparison.")
	}
	return prose("The database runs on the same machine and shares its CPUs and its disk; its cost may not be part of a stage's cost.")
}

// noisy says that the host was busy with something else before the run began.
func noisy(e history.Environment) string {
	busy := e.CPUs > 0 && e.LoadAvg1 > float64(e.CPUs)
	if busy || e.CPUPSI > 10 {
		return fmt.Sprintf("Noisy host: when the run began, the load average was %s on %d CPUs, and some task waited for a CPU %s "+
			"%% of the time. Read latencies as upper bounds.",
			number(e.LoadAvg1), e.CPUs, number(e.CPUPSI))
	}
	return ""
}

func rawData(r history.Run) section {
	sum := none
	var b bytes.Buffer
	if err := runJSON(&b, filled(r)); err == nil {
		digest := sha256.Sum256(b.Bytes())
		sum = hex.EncodeToString(digest[:])
	}
	return section{ID: "raw", Title: "Raw data", Blocks: []block{
		{Prose: prose("Every number above comes from `run.json` in the folder of this run, `results/<name>/<UTC time>/`, written " +
			"when the run ended. " +
			"`docs/reference/results.md` explains each of its fields.")},
		{Prose: []span{{"SHA-256 of that file: ", false}, {sum, true}}},
	}}
}
