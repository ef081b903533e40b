// Package up_test runs the real starling program as a person would, and looks at it from outside only.
package up_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is how long anything may take: the machine may be busy.
const patience = time.Minute

// program is the built starling.
var program string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "starling-test-up-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "starling")
	build := exec.Command("go", "build", "-o", program, "../../cmd/starling")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "building starling:", err)
		return 1
	}
	return m.Run()
}

// A cluster is a running `starling up`.
type cluster struct {
	t    *testing.T
	cmd  *exec.Cmd
	temp string
	done chan struct{}

	mu    sync.Mutex
	lines []string
}

// startUp runs `starling up` on a manifest until the test ends.
func startUp(t *testing.T, manifest string, flags ...string) *cluster {
	t.Helper()
	c := &cluster{t: t, temp: t.TempDir(), done: make(chan struct{})}
	file := filepath.Join(t.TempDir(), "cluster.yaml")
	require.NoError(t, os.WriteFile(file, []byte(manifest), 0o600))
	c.cmd = exec.Command(program, append([]string{"up", "-f", file, "--listen", "127.0.0.1:0"}, flags...)...)
	c.cmd.Env = append(os.Environ(), "TMPDIR="+c.temp, "STARLING_LOG_LEVEL=nonsense")
	out, in := io.Pipe()
	c.cmd.Stdout, c.cmd.Stderr = in, in
	require.NoError(t, c.cmd.Start())
	var read sync.WaitGroup
	read.Go(func() { c.read(out) })
	go func() {
		defer close(c.done)
		_ = c.cmd.Wait()
		_ = in.Close()
		read.Wait()
	}()
	t.Cleanup(func() {
		_ = c.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-c.done:
		case <-time.After(patience):
			_ = c.cmd.Process.Kill()
			<-c.done
		}
		if t.Failed() {
			t.Logf("starling up printed:\n%s", c.output())
		}
	})
	return c
}

func (c *cluster) read(out io.Reader) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		c.mu.Lock()
		c.lines = append(c.lines, lines.Text())
		c.mu.Unlock()
	}
}

func (c *cluster) output() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.lines, "\n")
}

// address waits until all gateways are ready and returns where clients connect.
func (c *cluster) address() string {
	c.t.Helper()
	return c.await(`\n\S+ open http://(\S+)/`)[1]
}

// await waits for output that matches and returns the last match.
func (c *cluster) await(pattern string) []string {
	c.t.Helper()
	var match []string
	expression := regexp.MustCompile(pattern)
	eventually(c.t, "output matches "+pattern, func() error {
		all := expression.FindAllStringSubmatch(c.output(), -1)
		if len(all) == 0 {
			return errNotYet
		}
		match = all[len(all)-1]
		return nil
	})
	return match
}

// pid returns the newest process of a gateway.
func (c *cluster) pid(gateway string) int {
	c.t.Helper()
	pid, err := strconv.Atoi(c.await(gateway + ` started, pid (\d+),`)[1])
	require.NoError(c.t, err)
	return pid
}

// pids returns all processes that gateways ever had.
func (c *cluster) pids() []int {
	var pids []int
	for _, match := range regexp.MustCompile(` started, pid (\d+),`).FindAllStringSubmatch(c.output(), -1) {
		pid, err := strconv.Atoi(match[1])
		require.NoError(c.t, err)
		pids = append(pids, pid)
	}
	return pids
}

// requireNothingLeft waits until no process of the cluster runs and its temporary directory is empty.
func (c *cluster) requireNothingLeft() {
	c.t.Helper()
	eventually(c.t, "nothing is left", func() error {
		for _, pid := range c.pids() {
			if alive(pid) {
				return fmt.Errorf("process %d runs", pid)
			}
		}
		left, err := os.ReadDir(c.temp)
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("%s is there", left[0].Name())
		}
		return err
	})
}

// alive says whether a process runs; one that has ended and that nobody has waited for is not alive.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

// eventually waits until check has no error.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = check(); err == nil {
			return
		}
	}
	require.NoError(t, err, what)
}
