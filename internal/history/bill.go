package history

// A BillLine says how much of the CPU of something the shop does goes into one part, over all its processes.
type BillLine struct {
	Stage     string  `json:"stage"`
	What      string  `json:"what"` // is paid for: checkout
	Part      string  `json:"part"`
	CPUMillis float64 `json:"cpu_ms"` // each time
	Share     float64 `json:"share"`  // of all parts of the stage: 0 to 1
}
