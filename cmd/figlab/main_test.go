package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMisuse: whatever is wrong with a command line or a file is told in one go, with the remedy; the exit code is 2 and nothing is started.
func TestMisuse(t *testing.T) {
	dir := t.TempDir()
	typo := filepath.Join(dir, "typo.yaml")
	write(t, typo, "name: typo\nstages: [\"00\"]\nload: {mix: shopping, ratte: 5}\nphases: {warmup: 1s, move: 1s, steady: 1s, recovery: 1s, rest: ten}\n")
	file := filepath.Join(dir, "file")
	write(t, file, "")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, taken, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args string
		want []string
	}{
		"unknown command":  {"lap", []string{`unknown command "lap"`, "figlab --help"}},
		"unknown flag":     {"lab --quik", []string{"unknown flag: --quik", "figlab lab --help"}},
		"argument":         {"lab quick", []string{`takes no argument, but got "quick"`}},
		"stage":            {"lab --stages 00,99", []string{`no stage "99": want one of 00, 01, 03, 05`}},
		"stage not built":  {"up --stage 07", []string{`no stage "07": want one of 00`}},
		"backwards":        {"lab --stages 05,01", []string{"01 after 05"}},
		"rate":             {"lab --rate -5", []string{"--rate -5: want more than 0"}},
		"all at once":      {"lab --store oracle --engine vm --products 5", []string{"--store", "--engine", "--products"}},
		"two labs":         {"lab --quick --scenario x.yaml", []string{"exclude each other"}},
		"missing scenario": {"lab --scenario " + dir + "/none.yaml", []string{"none.yaml: no such file"}},
		"scenario":         {"lab --scenario " + typo, []string{`typo.yaml:3: unknown key "ratte" (did you mean "rate"?)`, `typo.yaml:4: "ten" is no time`}},
		"results folder":   {"lab --out " + file, []string{"the results folder cannot be made", "--out"}},
		"port in use":      {"up --port " + taken, []string{"is taken by another program", "--port"}},
		"port":             {"up --port 99999", []string{"--port 99999: want 1 to 65535"}},
		"check nothing":    {"check", []string{"--mutants prints the table"}},
		"seeds":            {"check --mutants --seeds 0", []string{"--seeds 0: want 1 to 10,000"}},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			if code := run(t.Context(), strings.Fields(c.args), &out, &errs); code != 2 {
				t.Errorf("exit %d, want 2", code)
			}
			for _, want := range c.want {
				if !strings.Contains(errs.String(), want) {
					t.Errorf("it says %q, want %q in it", errs.String(), want)
				}
			}
		})
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) != 2 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// TestMutants: the table is printed, and every seeded bug is caught.
func TestMutants(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"check", "--mutants", "--seeds", "3"}, &out, &errs); code != 0 {
		t.Errorf("exit %d: %s", code, errs.String())
	}
	for _, want := range []string{"O1", "O5", "oversell", "clean"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %s:\n%s", want, out.String())
		}
	}
}

func TestHelp(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run(t.Context(), nil, &out, &errs); code != 0 || !strings.Contains(out.String(), "Exit codes:") {
		t.Errorf("exit %d: %s", code, out.String())
	}
}

// TestInterrupted: a run that is broken off before it began leaves nothing and says so by its exit code.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	var out, errs bytes.Buffer
	if code := run(ctx, []string{"lab", "--out", dir, "--report", "none"}, &out, &errs); code != 130 {
		t.Errorf("exit %d, want 130: %s", code, errs.String())
	}
	if _, err := os.Stat(filepath.Join(dir, "latest")); err == nil {
		t.Error("a run that did not happen is the latest")
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
