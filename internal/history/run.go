package history

import "time"

// SchemaVersion of run.json. Fields may be added under the same version; renaming or removing one takes a new version.
const SchemaVersion = 1

// Verdicts of a check, a fault, a stage or a run.
const (
	Pass         = "pass"
	Missed       = "fail"         // an expectation was missed
	Inconclusive = "inconclusive" // nothing may be concluded: no evidence, a dropped load, a noisy host
	Violated     = "violated"     // a safety oracle was violated
)

// A Run is one finished run of the lab: what run.json holds. docs/reference/results.md has a paragraph for every field.
type Run struct {
	SchemaVersion int          `json:"schema_version"`
	Name          string       `json:"name"`
	Started       time.Time    `json:"started"`
	DurationMS    float64      `json:"duration_ms"`
	Seed          uint64       `json:"seed"`
	Engine        string       `json:"engine"`
	Store         string       `json:"store"`
	Commit        string       `json:"commit"`
	Command       string       `json:"command"`
	Load          Load         `json:"load"`
	Environment   Environment  `json:"environment"`
	Verdict       string       `json:"verdict"`
	Reasons       []string     `json:"reasons"` // why the verdict is not pass
	Stages        []StageRun   `json:"stages"`
	Moves         []Move       `json:"moves"`
	Comparison    []Comparison `json:"comparisons"`
	Bill          []BillLine   `json:"bill"` // where the CPU goes, stage by stage
}

// Load says what was sent.
type Load struct {
	Mix           string  `json:"mix"`
	RatePerSecond float64 `json:"rate_per_second"`
	Products      int     `json:"products"`
	Users         int     `json:"users"`
}

// Environment says where.
type Environment struct {
	GoVersion string  `json:"go_version"`
	OS        string  `json:"os"`
	Arch      string  `json:"arch"`
	CPUs      int     `json:"cpus"`
	CPUModel  string  `json:"cpu_model"`
	MemoryMB  int64   `json:"memory_mb"`
	LoadAvg1  float64 `json:"load_avg_1"`
	CPUPSI    float64 `json:"cpu_psi_some_avg10"` // percent of time some task waited for a CPU, when the run began
}

// A StageRun is what was measured at one stage.
type StageRun struct {
	ID         string                 `json:"id"`
	Name       string                 `json:"name"`
	ReadyMS    float64                `json:"ready_ms"` // from the first process started to all ready
	ServedBy   map[string]Served      `json:"served_by"`
	Operations map[string]OperationMS `json:"operations"`
	Cost       Cost                   `json:"cost"`
	Load       LoadCheck              `json:"load_check"`
	Faults     []FaultRun             `json:"faults"`
	Oracles    []OracleRun            `json:"oracles"`
	Processes  []ProcessCost          `json:"processes"`
	Verdict    string                 `json:"verdict"`
}

// Served counts the answers to a capability's operations by who gave them.
type Served struct {
	Monolith int64 `json:"monolith"`
	Service  int64 `json:"service"`
}

// OperationMS is one operation of the steady phase; latency runs from the scheduled arrival to the last byte.
type OperationMS struct {
	Count  int64   `json:"count"`
	Errors int64   `json:"errors"` // no answer, 5xx or 429; a refusal that is the caller's own doing is an answer
	P50    float64 `json:"p50_ms"`
	P95    float64 `json:"p95_ms"`
	P99    float64 `json:"p99_ms"`
	Max    float64 `json:"max_ms"`
}

// Cost of the steady phase, over all processes of the shop.
type Cost struct {
	CPUSecondsPer1k float64 `json:"cpu_s_per_1k"` // CPU seconds per 1,000 requests of the clients
	PrivateMB       float64 `json:"private_mb"`   // memory no other process shares
	ResidentMB      float64 `json:"resident_mb"`
}

// ProcessCost is the share of one process.
type ProcessCost struct {
	Name       string  `json:"name"`
	CPUSeconds float64 `json:"cpu_s"`
	PrivateMB  float64 `json:"private_mb"`
	ResidentMB float64 `json:"resident_mb"`
}

// LoadCheck says whether the generator kept its promise: a run with dropped iterations is invalid.
type LoadCheck struct {
	Scheduled    int64   `json:"scheduled"`
	Dropped      int64   `json:"dropped"`
	GeneratorCPU float64 `json:"generator_cpu_s"`
	Valid        bool    `json:"valid"`
}

// A FaultRun is one fault injected at one stage.
type FaultRun struct {
	ID       string             `json:"id"`
	Link     string             `json:"link"`
	Kind     string             `json:"kind"`
	Evidence map[string]float64 `json:"evidence"` // what proves that it acted; keys say the unit
	Acted    bool               `json:"acted"`
	Undone   bool               `json:"undone"`
	Scored   FaultScore         `json:"impact"`
	Verdict  string             `json:"verdict"`
	Score    float64            `json:"score"` // availability under the fault, 0 to 100
	Why      string             `json:"why,omitempty"`
}

// FaultScore is what the clients felt during the fault.
type FaultScore struct {
	Scheduled int64   `json:"scheduled"`
	OK        int64   `json:"ok"`
	Degraded  int64   `json:"degraded"` // answered by a fallback
	P99       float64 `json:"p99_ms"`
}

// An OracleRun is one invariant checked once.
type OracleRun struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Checked    int64    `json:"checked"`
	Violations int64    `json:"violations"`
	Examples   []string `json:"examples,omitempty"`
	Verdict    string   `json:"verdict"`
}

// A Move is one capability moved from house to house while the load went on.
type Move struct {
	Capability     string  `json:"capability"`
	From           string  `json:"from"`
	To             string  `json:"to"`
	What           string  `json:"what"` // reads or writes
	Steps          []int   `json:"steps"`
	Rows           int64   `json:"rows"`
	CatchUpMS      float64 `json:"catch_up_ms"`
	ParkedRequests int64   `json:"parked"`
	ParkP99        float64 `json:"park_p99_ms"`
	ParkMax        float64 `json:"park_max_ms"`
	Requests       int64   `json:"requests"`
	FailedRequests int64   `json:"failed_requests"`
	LostWrites     int64   `json:"lost_writes"`
	DoubledWrites  int64   `json:"doubled_writes"`
	Rollback       string  `json:"rollback"`
}

// A Comparison relates two figures measured in the same run. Ratio is A over B.
type Comparison struct {
	Name  string  `json:"name"`
	A     float64 `json:"a"`
	B     float64 `json:"b"`
	Ratio float64 `json:"ratio"`
	Unit  string  `json:"unit"`
	Most  float64 `json:"most,omitempty"` // the ratio that is wanted at most; 0: none is
}
