package topology_test

import (
	"errors"
	"figlab/internal/topology"
	"strings"
	"testing"
)

// TestOnlyWhatIsBuilt: a stage whose processes do not exist yet is refused, and the refusal names those that can run.
func TestOnlyWhatIsBuilt(t *testing.T) {
	for _, s := range topology.Stages() {
		at, err := topology.At(s.ID)
		var refused topology.ErrStage
		if s.Built && (err != nil || !at.Has(at.Entry)) {
			t.Errorf("stage %s: %v, entry %q is not among its processes", s.ID, err, at.Entry)
		}
		if !s.Built && !errors.As(err, &refused) {
			t.Errorf("stage %s is not built, yet At gives it: %v", s.ID, err)
		}
	}
	if _, err := topology.At("99"); err == nil || !strings.Contains(err.Error(), "want one of 00") {
		t.Errorf("no such stage: %v", err)
	}
}
