package lab

import (
	"bytes"
	"context"
	"errors"
	"figlab/bench/load"
	"figlab/chaos/link"
	"figlab/chaos/oracle"
	"figlab/internal/history"
	"figlab/internal/report"
	"figlab/internal/topology"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// figlab returns the command in a folder of its own, so that it finds the programs beside itself and no source to write a report into.
func figlab(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(programs, "figlab"), args...)
	cmd.Dir = dir
	return cmd
}

// scenario is the miniature's absolute path.
func scenario(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("testdata/mini.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestKilledLabLeavesNothing kills a lab with kill -9 in the middle of its load. Within five seconds nothing of it runs any more, and the
// next lab removes what it left on disk and runs to its end, with every stage judged.
func TestKilledLabLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	args := []string{"lab", "--scenario", scenario(t), "--products", "300", "--users", "100", "--report", "RESULTS.md"}
	first := figlab(t, dir, append(args, "--stages", "05")...)
	var said bytes.Buffer
	first.Stdout, first.Stderr = &said, &said
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, 60*time.Second, "shoppers shop", func() bool {
		files, err := filepath.Glob(filepath.Join(dir, "results/mini/*/logs/load-05/*"))
		return err == nil && len(files) > 0 && len(ours(t)) == 10
	})
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait() // it was killed
	until(t, 5*time.Second, "nothing runs any more", func() bool { return len(ours(t)) == 0 })
	left, err := filepath.Glob(filepath.Join(dir, "results/mini/*"))
	if err != nil || len(left) != 1 {
		t.Fatalf("the killed run left %v (%v)", left, err)
	}

	second := figlab(t, dir, args...)
	out, err := second.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatalf("the next run: %v", err)
	}
	if _, err := os.Stat(left[0]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what the killed run left is still there: %v", err)
	}
	if n := len(ours(t)); n != 0 {
		t.Errorf("%d processes are left", n)
	}
	check(t, dir)
}

// check looks at the results of a whole run.
func check(t *testing.T, dir string) {
	t.Helper()
	run, err := report.ReadRun(filepath.Join(dir, "results/latest/run.json"))
	if err != nil {
		t.Fatal(err)
	}
	if run.Verdict != history.Pass || len(run.Stages) != 4 || len(run.Moves) != 2 {
		t.Fatalf("verdict %s for %v, %d stages, %d moves", run.Verdict, run.Reasons, len(run.Stages), len(run.Moves))
	}
	for _, s := range run.Stages {
		if len(s.Oracles) != 5 || len(s.Faults) != 2 || len(s.Operations) == 0 || s.Cost.ResidentMB == 0 || !s.Load.Valid {
			t.Errorf("stage %s: %d oracles, %d faults, %d operations, %.0f MB, load %+v",
				s.ID, len(s.Oracles), len(s.Faults), len(s.Operations), s.Cost.ResidentMB, s.Load)
		}
		for _, f := range s.Faults {
			if !f.Acted || !f.Undone || len(f.Evidence) == 0 {
				t.Errorf("stage %s: fault %+v", s.ID, f)
			}
		}
		for capability, at := range map[string]string{"search": "03", "catalog": "05"} {
			if served := s.ServedBy[capability]; s.ID >= at && (served.Monolith > 0 || served.Service == 0) || s.ID < at && served.Service > 0 {
				t.Errorf("stage %s: %s was served by %+v", s.ID, capability, served)
			}
		}
	}
	for _, file := range []string{"history.jsonl", "verdict.json", "report.html", "report.md", "junit.xml", "logs/monolith.log"} {
		if info, err := os.Stat(filepath.Join(dir, "results/latest", file)); err != nil || info.Size() == 0 && file != "logs/monolith.log" {
			t.Errorf("%s: %v", file, err)
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "RESULTS.md"))
	if err != nil || !strings.Contains(string(b), "catalog") {
		t.Errorf("RESULTS.md: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "results/latest", dataName)); err == nil {
		t.Error("the shop's data are still there")
	}
}

// TestInterruptedLab: Ctrl-C in mid-run stops everything and says so.
func TestInterruptedLab(t *testing.T) {
	dir := t.TempDir()
	cmd := figlab(t, dir, "lab", "--scenario", scenario(t), "--products", "300", "--users", "100")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, 60*time.Second, "shoppers shop", func() bool { return len(ours(t)) >= 5 })
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != ExitInterrupted {
		t.Errorf("it ended with %v, want exit %d", err, ExitInterrupted)
	}
	if n := len(ours(t)); n != 0 {
		t.Errorf("%d processes are left", n)
	}
}

// TestUp: a shop is kept running, says how to reach it, and goes when it is told to.
func TestUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cmd := figlab(t, t.TempDir(), "up", "--stage", "05", "--products", "300", "--users", "100")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cancel()
	said := make([]byte, 4096)
	n, err := out.Read(said)
	if err != nil {
		t.Fatal(err)
	}
	url, token := word(string(said[:n]), "url"), word(string(said[:n]), "token")
	if err := newDoors(token).call(ctx, "GET", url+"/cart", nil, nil); err != nil {
		t.Errorf("it said %q: %v", said[:n], err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if n := len(ours(t)); n != 0 {
		t.Errorf("%d processes are left", n)
	}
}

// TestCrashIsToldAtOnce: when a process of the shop dies that nobody killed, figlab says which and with what last words, and ends.
func TestCrashIsToldAtOnce(t *testing.T) {
	cmd := figlab(t, t.TempDir(), "up", "--stage", "00", "--products", "300", "--users", "100")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 4096)); err != nil {
		t.Fatal(err)
	}
	if err := exec.CommandContext(t.Context(), "pkill", "-KILL", "-P", strconv.Itoa(cmd.Process.Pid), "-f", "figshop monolith").Run(); err != nil {
		t.Skip("no pkill: ", err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != ExitHarness || !strings.Contains(errs.String(), "monolith ended by itself") {
		t.Errorf("it ended with %v and said %q", err, errs.String())
	}
	if n := len(ours(t)); n != 0 {
		t.Errorf("%d processes are left", n)
	}
}

// goRun is set in a process that stands in for `go run`: the figlab to run.
const goRun = "FIGLAB_TEST_GO_RUN"

// likeGoRun runs figlab as `go run` does: as a child, to the end.
func likeGoRun(lab string) int {
	cmd := exec.Command(lab, "up", "--stage", "00", "--products", "300", "--users", "100")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return 1
	}
	return 0
}

// TestKilledGoRun: whoever kills the `go run` that started figlab means the lab.
func TestKilledGoRun(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	stand := filepath.Join(dir, "go") // figlab knows `go run` by the name of the program
	b, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stand, b, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), stand)
	cmd.Env, cmd.Dir = append(os.Environ(), goRun+"="+filepath.Join(programs, "figlab")), dir
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 4096)); err != nil {
		t.Fatal(err)
	}
	if n := len(ours(t)); n != 4 {
		t.Fatalf("%d processes run, want figlab and three of the shop", n)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	until(t, 5*time.Second, "nothing runs any more", func() bool { return len(ours(t)) == 0 })
}

// word is the second word of the line that begins with name.
func word(text, name string) string {
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == name {
			return words[1]
		}
	}
	return ""
}

// ours lists the processes that run one of the programs, by the kernel's word.
func ours(t *testing.T) (pids []string) {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil || len(links) == 0 {
		t.Skip("no /proc to look for processes in")
	}
	for _, l := range links {
		if path, err := os.Readlink(l); err == nil && filepath.Dir(path) == programs {
			pids = append(pids, l)
		}
	}
	return pids
}

func until(t *testing.T, bound time.Duration, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(bound); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not so after %s", what, bound)
		}
	}
}

// TestTenKillsInMidCheckout kills the monolith ten times with kill -9 while shoppers check out. The provider's answers are slow, so that
// there is always a checkout between the charge and its commit. After the last restart, and once nothing is left to do, every oracle holds
// over what the shoppers saw and what the stores hold, whatever became of the answers that were lost.
func TestTenKillsInMidCheckout(t *testing.T) {
	at, err := topology.At("00")
	if err != nil {
		t.Fatal(err)
	}
	s := openTestShop(t, at, "sqlite")
	if _, err := s.advance(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	r, err := newRecorder(filepath.Join(dir, "history.jsonl"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	running, err := load.Start(t.Context(), filepath.Join(programs, "figload"), dir, load.Config{
		URL: s.url(), Mix: "ordering", Rate: 80, Duration: 12 * time.Second, Seed: 1, Products: 300, Users: 100, Stage: "00", Clients: "kill",
		Epoch: r.epoch, Timeout: 2 * time.Second, VUs: 100,
	}, r.add)
	if err != nil {
		t.Fatal(err)
	}
	until(t, 20*time.Second, "the first orders", func() bool { return checkouts(r, history.OK) > 3 })
	provider, ok := s.links.Link(topology.Link{From: topology.Monolith, To: topology.Provider, Door: topology.Public}.ID())
	if !ok {
		t.Fatal("no link to the provider")
	}
	slow := link.Toxic{Name: "slow", Type: "latency", Stream: "downstream", Attributes: map[string]any{"latency": 200}}
	if err := provider.Add(t.Context(), slow); err != nil {
		t.Fatal(err)
	}
	monolith := s.processes[topology.Monolith]
	for range 10 {
		time.Sleep(400 * time.Millisecond) // the instant of death must not depend on what the shop is doing
		if err := errors.Join(monolith.Kill(t.Context()), monolith.Restart(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := running.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := provider.Heal(t.Context()); err != nil {
		t.Fatal(err)
	}
	facts, err := s.rest(t.Context(), 30*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d checkouts acknowledged, %d refused, %d unknown; %d orders in the store",
		checkouts(r, history.OK), checkouts(r, history.Fail), checkouts(r, history.Unknown), len(facts.Orders))
	if checkouts(r, history.Unknown) == 0 {
		t.Error("no checkout was hit: the kills prove nothing")
	}
	for _, o := range oracle.Judge(oracle.Case{History: r.all(), Facts: facts}) {
		t.Logf("%s %s: %s, %d checked, %d violations %v", o.ID, o.Name, o.Verdict, o.Checked, o.Violations, o.Examples)
		if o.Verdict != history.Pass {
			t.Errorf("%s is %s", o.ID, o.Verdict)
		}
	}
	if err := r.close(); err != nil {
		t.Error(err)
	}
}

func checkouts(r *recorder, outcome history.Outcome) (n int) {
	for _, rec := range r.all() {
		if rec.Op == "placeOrder" && rec.Outcome == outcome {
			n++
		}
	}
	return n
}
