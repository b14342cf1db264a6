package lab

import (
	"context"
	"figlab/internal/history"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
)

// environment says where a run happened. What the machine does not tell stays empty.
func environment() history.Environment {
	return history.Environment{
		GoVersion: runtime.Version(),
		OS:        runtime.GOOS,
		Arch:      runtime.GOARCH,
		CPUs:      runtime.NumCPU(),
		CPUModel:  field("/proc/cpuinfo", "model name"),
		MemoryMB:  number(field("/proc/meminfo", "MemTotal")) / 1024,
		LoadAvg1:  loadAverage(),
		CPUPSI:    pressure(),
	}
}

// field returns what stands behind "key:" in a file of /proc.
func field(file, key string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func number(s string) int64 {
	first, _, _ := strings.Cut(s, " ")
	n, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func loadAverage() float64 {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(b), " ")
	v, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return 0
	}
	return v
}

// pressure is the share of the last ten seconds, in percent, in which some task waited for a CPU; 0 where the kernel does not tell.
func pressure() float64 {
	b, err := os.ReadFile("/proc/pressure/cpu")
	if err != nil {
		return 0
	}
	for word := range strings.FieldsSeq(string(b)) {
		if v, ok := strings.CutPrefix(word, "avg10="); ok {
			f, err := strconv.ParseFloat(v, 64)
			if err != nil {
				return 0
			}
			return f
		}
	}
	return 0
}

// commit names the source the run was made from, with "+changes" where the tree differs from it.
func commit(ctx context.Context, root string) string {
	if root == "" {
		return "unknown"
	}
	head, err := exec.CommandContext(ctx, "git", "-C", root, "rev-parse", "--short=12", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	id := strings.TrimSpace(string(head))
	dirty, err := exec.CommandContext(ctx, "git", "-C", root, "status", "--porcelain", "--untracked-files=no").Output()
	if err == nil && len(dirty) > 0 {
		id += "+changes"
	}
	return id
}
