package lab

import (
	"figlab/internal/topology"
	"slices"
	"testing"
)

// TestOnlyWhatChangesIsStartedAnew: from stage to stage a process that has nothing to do with what is new keeps its flags, and so runs on.
func TestOnlyWhatChangesIsStartedAnew(t *testing.T) {
	var stages []topology.Topology
	for _, id := range []string{"00", "01", "03", "05"} {
		at, err := topology.At(id)
		if err != nil {
			t.Fatal(err)
		}
		stages = append(stages, at)
	}
	g, err := lay(t.Context(), stages, "")
	if err != nil {
		t.Fatal(err)
	}
	before := map[string][]string{}
	for i, at := range stages {
		var anew []string
		for _, p := range at.Processes {
			args := g.spec(p, at, ShopOptions{}).Args
			if old, ran := before[p.Name]; ran && !slices.Equal(old, args) {
				anew = append(anew, p.Name)
			}
			before[p.Name] = args
		}
		if want := map[int][]string{1: {topology.Monolith}}[i]; !slices.Equal(anew, want) {
			t.Errorf("stage %s starts %v anew, want %v", at.Stage.ID, anew, want)
		}
	}
}

// TestEveryCallGoesOverItsLink: whoever calls somebody is told the link to him, and every link has an address of its own.
func TestEveryCallGoesOverItsLink(t *testing.T) {
	at, err := topology.At("05")
	if err != nil {
		t.Fatal(err)
	}
	g, err := lay(t.Context(), []topology.Topology{at}, "127.0.0.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, l := range at.Links {
		via := g.via[l.ID()]
		if via == "" || seen[via] || via == g.target(l) {
			t.Errorf("link %s is at %q", l.ID(), via)
		}
		seen[via] = true
		for _, p := range at.Processes {
			if p.Name == l.From && !slices.Contains(g.spec(p, at, ShopOptions{}).Args, g.target(l)+"="+via) {
				t.Errorf("%s is not told link %s", p.Name, l.ID())
			}
		}
	}
	if len(g.proxies()) != len(at.Links) {
		t.Errorf("%d proxies for %d links", len(g.proxies()), len(at.Links))
	}
}
