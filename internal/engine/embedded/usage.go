package embedded

import (
	"bufio"
	"bytes"
	"figlab/internal/engine"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of CPU time in /proc: USER_HZ, which is 100 on every architecture Go runs on.
const clockTick = 10 * time.Millisecond

// Usage reads what the process has cost from /proc, its earlier lives included.
func (p *process) Usage() (engine.Usage, error) {
	l := p.alive()
	if l == nil {
		return engine.Usage{}, fmt.Errorf("usage of %s: it %w", p.spec.Name, engine.ErrDown)
	}
	u, err := usage(l.child.PID())
	if err != nil {
		return engine.Usage{}, fmt.Errorf("usage of %s: %w", p.spec.Name, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	u.CPU += p.spent
	return u, nil
}

func usage(pid int) (u engine.Usage, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return u, err
	}
	// The second field is the program's name in brackets and may hold anything: count from the last bracket.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const utime, stime, threads = 11, 12, 17 // proc(5): fields 14, 15 and 20, the state being field 3
	if len(fields) <= threads {
		return u, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	u.CPU = time.Duration(number(fields[utime])+number(fields[stime])) * clockTick
	u.Threads = int(number(fields[threads]))

	rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return u, err
	}
	for lines := bufio.NewScanner(bytes.NewReader(rollup)); lines.Scan(); {
		name, rest, _ := strings.Cut(lines.Text(), ":")
		kilobytes, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
		switch name {
		case "Rss":
			u.Resident = number(kilobytes) << 10
		case "Private_Clean", "Private_Dirty":
			u.Private += number(kilobytes) << 10
		}
	}
	return u, nil
}

// still says whether a process is stopped. Where the kernel does not tell, it is believed.
func still(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	return strings.HasPrefix(string(stat[bytes.LastIndexByte(stat, ')')+1:]), " T")
}

// number reads what the kernel wrote; what it did not write counts 0.
func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
