package embedded_test

import (
	"bufio"
	"context"
	"errors"
	"figlab/internal/engine"
	"figlab/internal/engine/embedded"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// owned is set in the process that TestNothingOutlivesTheOwner kills: the figshop binary and the folder, to run an engine with.
const owned = "FIGLAB_TEST_OWNED"

var program string

func TestMain(m *testing.M) {
	if own := os.Getenv(owned); own != "" {
		os.Exit(own9(own))
	}
	dir, err := os.MkdirTemp("", "figlab-embedded-*")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "figshop")
	build := exec.Command("go", "build", "-o", program, "figlab/cmd/figshop")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build figshop: %v\n%s", err, out))
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func newEngine(t *testing.T) *embedded.Engine {
	t.Helper()
	e, err := embedded.New(program, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return e
}

func start(t *testing.T, e *embedded.Engine, role string, args ...string) engine.Process {
	t.Helper()
	p, err := e.Start(t.Context(), spec(role, args...))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func spec(role string, args ...string) engine.Spec {
	return engine.Spec{
		Name: role, Role: role, Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Args: args, Env: []string{"FIGLAB_ADMIN_TOKEN=test"},
	}
}

// own9 runs an engine with two processes, says which, and waits to be killed.
func own9(own string) int {
	program, dir, _ := strings.Cut(own, "|")
	e, err := embedded.New(program, dir)
	if err != nil {
		return 1
	}
	for _, role := range []string{"provider", "carrier"} {
		p, err := e.Start(context.Background(), spec(role))
		if err != nil {
			fmt.Println(err)
			return 1
		}
		fmt.Println(p.PID(), p.Addresses().Listen)
	}
	fmt.Println("ready")
	select {}
}

// TestNothingOutlivesTheOwner: kill -9 of whoever runs the engine leaves no process and no port, and the next engine starts clean.
func TestNothingOutlivesTheOwner(t *testing.T) {
	dir := t.TempDir()
	owner := exec.CommandContext(t.Context(), os.Args[0])
	owner.Env = append(os.Environ(), owned+"="+program+"|"+dir)
	out, err := owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	var pids []int
	var addresses []string
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "ready"; {
		pid, address, _ := strings.Cut(lines.Text(), " ")
		n, err := strconv.Atoi(pid)
		if err != nil {
			t.Fatalf("the owner said %q", lines.Text())
		}
		pids, addresses = append(pids, n), append(addresses, address)
	}
	if len(pids) != 2 {
		t.Fatalf("the owner started %v", pids)
	}
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = owner.Wait() // it was killed
	deadline := time.Now().Add(5 * time.Second)
	for i, pid := range pids {
		for runs(pid) {
			if time.Now().After(deadline) {
				t.Fatalf("process %d is still there 5s after its owner was killed", pid)
			}
			time.Sleep(10 * time.Millisecond)
		}
		for engine.Bindable(t.Context(), addresses[i]) != nil { // the kernel closes what a process held just after it
			if time.Now().After(deadline) {
				t.Fatalf("port %s is still taken 5s after its owner was killed", addresses[i])
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	e, err := embedded.New(program, dir)
	if err != nil {
		t.Fatal(err)
	}
	start(t, e, "provider")
	if err := e.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

// runs says whether a process is there and not just waiting to be reaped.
func runs(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// TestStartTellsWhyNot: a process that cannot start says why, at once, and leaves nothing.
func TestStartTellsWhyNot(t *testing.T) {
	e := newEngine(t)
	taken := start(t, e, "provider")
	second := spec("provider")
	second.Name, second.Listen = "second", taken.Addresses().Listen
	if _, err := e.Start(t.Context(), second); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("a second one on the same port: %v", err)
	}
	if _, err := e.Start(t.Context(), spec("provider")); err == nil || !strings.Contains(err.Error(), "there is a process of that name") {
		t.Errorf("a second one of the same name: %v", err)
	}
	if _, err := e.Start(t.Context(), spec("nonsense")); err == nil || !strings.Contains(err.Error(), `no role "nonsense"`) {
		t.Errorf("a role that is not there: %v", err)
	}
}

// TestUnexpectedEnd: only an end nobody asked for is reported, with the last words.
func TestUnexpectedEnd(t *testing.T) {
	e := newEngine(t)
	p := start(t, e, "provider")
	if err := p.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p.PID() != 0 {
		t.Error("a killed process has a PID")
	}
	if err := p.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	one, err := os.FindProcess(p.PID())
	if err != nil {
		t.Fatal(err)
	}
	pid := p.PID()
	if err := one.Kill(); err != nil {
		t.Fatal(err)
	}
	select {
	case exit := <-e.Exits():
		if exit.Name != "provider" || exit.PID != pid || exit.Err == nil {
			t.Errorf("reported %+v, want the end of %d", exit, pid)
		}
	case <-time.After(5 * time.Second):
		t.Error("nothing was reported")
	}
	if len(e.Exits()) > 0 {
		t.Errorf("also reported %+v", <-e.Exits())
	}
}

// TestFreezeAndUsage: a frozen process answers nothing and burns nothing; a stopped one says that it does not run.
func TestFreezeAndUsage(t *testing.T) {
	e := newEngine(t)
	p := start(t, e, "provider")
	url := "http://" + p.Addresses().Listen + "/provider/ledger"
	if status := get(t.Context(), url); status != 200 {
		t.Fatalf("it answers %d", status)
	}
	u, err := p.Usage()
	if err != nil || u.Resident < 1<<20 || u.Private < 1<<20 || u.Private > u.Resident || u.Threads < 2 {
		t.Errorf("usage is %+v (%v)", u, err)
	}
	if err := p.Freeze(); err != nil {
		t.Fatal(err)
	}
	frozen, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if status := get(frozen, url); status != 0 {
		t.Errorf("frozen, it answers %d", status)
	}
	if err := p.Resume(); err != nil {
		t.Fatal(err)
	}
	if status := get(t.Context(), url); status != 200 {
		t.Errorf("resumed, it answers %d", status)
	}
	if err := p.Freeze(); err != nil { // stopping must also work on a frozen one
		t.Fatal(err)
	}
	if err := p.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := p.Usage(); !errors.Is(err, engine.ErrDown) {
		t.Errorf("usage of a stopped one: %v", err)
	}
	if err := p.Freeze(); !errors.Is(err, engine.ErrDown) {
		t.Errorf("freezing a stopped one: %v", err)
	}
}

// get returns the status, 0 without an answer.
func get(ctx context.Context, url string) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// TestEnvironmentIsNotPassedOn: a process knows what it was given, not what its starter knows.
func TestEnvironmentIsNotPassedOn(t *testing.T) {
	t.Setenv("FIGLAB_TEST_SECRET", "hush")
	p := start(t, newEngine(t), "provider")
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.PID()))
	if err != nil {
		t.Skip("no /proc: ", err)
	}
	if strings.Contains(string(env), "hush") || !strings.Contains(string(env), "FIGLAB_ADMIN_TOKEN=test") {
		t.Errorf("its environment is %q", env)
	}
}
