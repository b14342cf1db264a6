package saga_test

import (
	"encoding/json"
	"figlab/microservices/orderprocessing/saga"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// With -write the stories are told anew: read them before you believe them.
var write = flag.Bool("write", false, "write what the machine does into testdata")

// TestStories replays testdata/*.txt: on the left of each arrow stands what happens and when, on the right where the order stands then and
// what is to be done. The look that comes with every call is not written down; it is checked.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d stories, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			told := tell(t, string(b))
			if *write {
				if err := os.WriteFile(file, []byte(told), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			want := strings.Split(string(b), "\n")
			for i, line := range strings.Split(told, "\n") {
				if i >= len(want) || want[i] != line {
					t.Fatalf("%s:%d\n got %s\nwant %s", file, i+1, line, want[min(i, len(want)-1)])
				}
			}
		})
	}
}

func tell(t *testing.T, story string) string {
	t.Helper()
	var out strings.Builder
	teller := teller{T: t}
	for line := range strings.Lines(story) {
		happens, _, _ := strings.Cut(strings.TrimSpace(line), "→")
		words := strings.Fields(happens)
		if len(words) == 0 || words[0] == "#" {
			out.WriteString(line)
			continue
		}
		if len(words) < 2 {
			t.Fatalf("no event in %q", line)
		}
		follows := teller.line(words)
		text := fmt.Sprintf("%-8s %-23s → %-12s %s", words[0], strings.Join(words[1:], " "), teller.state.Step, follows)
		out.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	return out.String()
}

type teller struct {
	*testing.T
	state saga.State
	at    time.Time
}

func placed() saga.Placed {
	at := time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)
	return saga.Placed{ForSale: true, At: at, Deadline: at.Add(30 * time.Second)}
}

// line plays one line and returns what follows from it.
func (t *teller) line(words []string) string {
	t.Helper()
	after, err := time.ParseDuration(words[0])
	if err != nil {
		t.Fatalf("%v: %v", words, err)
	}
	p, before := placed(), t.state
	t.at = p.At.Add(after)
	var effects []saga.Effect
	switch what := strings.Join(words[1:], " "); what {
	case "placed", "placed not-for-sale":
		p.At, p.ForSale = t.at, what == "placed"
		t.state, effects = saga.Start(p)
	case "crash":
		effects = saga.Pending(t.state)
	default:
		t.state, effects = saga.Step(t.state, t.event(words[1:]))
		if t.state == before && len(effects) == 0 {
			if what == "cancel" && saga.Cancellable(t.state) != nil {
				return "refused: " + saga.Cancellable(t.state).Error()
			}
			return "-"
		}
	}
	t.keep()
	if len(effects) == 0 && t.state != before {
		return "noted"
	}
	return t.effects(effects, words[1] == "crash")
}

// keep checks that a store gives back what it got.
func (t *teller) keep() {
	t.Helper()
	b, err := json.Marshal(t.state)
	if err != nil {
		t.Fatal(err)
	}
	var back saga.State
	if err := json.Unmarshal(b, &back); err != nil || back != t.state {
		t.Fatalf("%s came back as %+v, %v", b, back, err)
	}
}

func (t *teller) event(words []string) saga.Event {
	t.Helper()
	switch words[0] {
	case "wake":
		return saga.Woken{At: t.at}
	case "booked":
		return saga.ParcelBooked{At: t.at}
	case "delivered":
		return saga.ParcelDelivered{At: t.at}
	case "cancel":
		return saga.CancelWanted{At: t.at}
	}
	if len(words) < 2 {
		t.Fatalf("no such event: %v", words)
	}
	a := saga.Answer{Op: saga.Op(words[0]), Outcome: saga.Outcome(words[1]), At: t.at}
	if len(words) == 3 {
		a.ID = words[2]
	}
	return a
}

func (t *teller) effects(effects []saga.Effect, crashed bool) string {
	t.Helper()
	var texts []string
	for i := 0; i < len(effects); i++ {
		switch e := effects[i].(type) {
		case saga.Call:
			text := string(e.Op)
			if e.Op == saga.Refund {
				text += " under " + e.Key
			}
			texts = append(texts, text)
			i++ // the look that comes with it
			if wake, ok := effects[i].(saga.Wake); !ok || wake.At != t.state.Due || !crashed && wake.At != t.at.Add(5*time.Second) {
				t.Errorf("%s comes with %+v", e.Op, effects[i])
			}
		case saga.Tell:
			text := "tell " + string(e.State)
			if e.Reason != "" {
				text += " " + string(e.Reason)
			}
			texts = append(texts, text)
		case saga.Wake:
			texts = append(texts, "wake at "+e.At.Sub(placed().At).String())
		}
	}
	if len(texts) == 0 {
		return "-"
	}
	return strings.Join(texts, ", ")
}
