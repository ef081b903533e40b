package localcluster

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const patience = time.Minute

// A recorder is a view that remembers.
type recorder struct {
	mu       sync.Mutex
	address  string
	events   []string
	logs     []string
	gateways []Gateway
}

func (r *recorder) Listening(address string) { r.record(func() { r.address = address }) }
func (r *recorder) Event(text string)        { r.record(func() { r.events = append(r.events, text) }) }

func (r *recorder) Log(gateway, line string) {
	r.record(func() { r.logs = append(r.logs, gateway+": "+line) })
}

func (r *recorder) Update(gateways []Gateway) {
	r.record(func() { r.gateways = slices.Clone(gateways) })
}

func (r *recorder) record(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

func (r *recorder) look() (gateways []Gateway, events string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.gateways), strings.Join(r.events, "\n")
}

func (r *recorder) allReady() bool {
	gateways, _ := r.look()
	return len(gateways) > 0 && !slices.ContainsFunc(gateways, func(g Gateway) bool { return g.State != StateReady })
}

// A running cluster of fake gateways.
type running struct {
	*recorder
	t        *testing.T
	behavior string
	temp     string
	stop     func() error
}

// startFakes runs a cluster whose gateways behave as the files say, until the test ends.
func startFakes(t *testing.T, replicas int32, behavior ...string) running {
	t.Helper()
	run := running{recorder: &recorder{}, t: t, behavior: t.TempDir(), temp: t.TempDir()}
	t.Setenv(behaviorDir, run.behavior)
	t.Setenv("TMPDIR", run.temp)
	for _, name := range behavior {
		run.behave(name)
	}
	program, err := os.Executable()
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	go func() {
		result <- Run(ctx, Options{
			Cluster: testCluster(replicas), Command: []string{program, "fake-gateway"}, Listen: "127.0.0.1:0", Demo: true,
			View: run.recorder, KillMargin: 3 * time.Second,
		})
	}()
	run.stop = sync.OnceValue(func() error {
		cancel()
		return <-result
	})
	t.Cleanup(func() { _ = run.stop() })
	return run
}

func (r running) behave(name string) {
	r.t.Helper()
	require.NoError(r.t, os.WriteFile(filepath.Join(r.behavior, name), nil, 0o600))
}

func (r running) eventually(what string, condition func() bool) {
	r.t.Helper()
	if !waitFor(condition) {
		gateways, events := r.look()
		require.Fail(r.t, what, "gateways: %+v\nevents:\n%s", gateways, events)
	}
}

func waitFor(condition func() bool) bool {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if condition() {
			return true
		}
	}
	return false
}

// whoAnswers asks through the front until enough gateways, or only those, have answered.
func (r running) whoAnswers(n int) []string {
	seen := map[string]bool{}
	for range n {
		client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
		response, err := client.Get("http://" + r.address)
		require.NoError(r.t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(r.t, err)
		_ = response.Body.Close()
		seen[string(body)] = true
	}
	var names []string
	for name := range seen {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// alive says whether a process runs; one that has ended and whose parent did not look is not alive.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

func TestRunServesAndLeavesNothingBehind(t *testing.T) {
	run := startFakes(t, 3)
	run.eventually("all gateways become ready", run.allReady)
	require.Equal(t, []string{"gateway-1", "gateway-2", "gateway-3"}, run.whoAnswers(9))
	run.eventually("figures are shown", func() bool {
		gateways, _ := run.look()
		return gateways[0].Connections == 3 && gateways[0].Members == 2 && gateways[0].Peers == 1
	})
	gateways, events := run.look()
	require.Contains(t, events, "3 of 3 gateways are ready; clients connect to ws://"+run.address+"/ws\nopen http://"+run.address+"/")
	keys, err := filepath.Glob(filepath.Join(run.temp, "starling-up-*", "mesh-key"))
	require.NoError(t, err)
	require.Len(t, keys, 1)

	require.NoError(t, run.stop())
	for _, g := range gateways {
		require.False(t, alive(g.PID), "%s is still there", g.Name)
	}
	left, err := os.ReadDir(run.temp)
	require.NoError(t, err)
	require.Empty(t, left)
	_, err = net.Dial("tcp", run.address)
	require.Error(t, err)
	after, events := run.look()
	require.Equal(t, StateStopped, after[0].State)
	require.Contains(t, events, "stopping 3 gateways")
}

func TestRunRestartsAGatewayThatDies(t *testing.T) {
	run := startFakes(t, 2)
	run.eventually("all gateways become ready", run.allReady)
	before, _ := run.look()
	require.NoError(t, syscall.Kill(before[0].PID, syscall.SIGKILL))
	run.eventually("it is back", func() bool {
		now, _ := run.look()
		return run.allReady() && now[0].PID != before[0].PID
	})
	now, events := run.look()
	require.Equal(t, before[0].Address, now[0].Address, "one that was ready keeps its ports, so that its peers find it")
	require.Equal(t, before[1].PID, now[1].PID, "the other is untouched")
	require.Contains(t, events, "gateway-1 ended (signal: killed), starting it again in ")
	require.Equal(t, []string{"gateway-1", "gateway-2"}, run.whoAnswers(8))
}

func TestRunStopsWhenAGatewayCannotStart(t *testing.T) {
	run := startFakes(t, 2, "gateway-2.crash")
	run.eventually("the cluster gives up", func() bool {
		_, events := run.look()
		return strings.Contains(events, "stopping 2 gateways")
	})
	err := run.stop()
	require.ErrorContains(t, err, "gateway-2 could not start 5 times in a row (exit status 3); its last log lines:\n"+
		"  gateway-2 begins\n  these are the last words of gateway-2")
	gateways, _ := run.look()
	require.Zero(t, gateways[0].PID)
	left, err := os.ReadDir(run.temp)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestRunTriesAgainAtOtherPorts(t *testing.T) {
	run := startFakes(t, 1, "gateway-1.fail-once")
	run.eventually("the second start succeeds", run.allReady)
	_, events := run.look()
	require.Contains(t, events, "gateway-1 ended (exit status 4)")
	started := slices.DeleteFunc(strings.Split(events, "\n"), func(e string) bool { return !strings.Contains(e, " started, pid") })
	require.Len(t, started, 2)
	require.NotEqual(t, lastWord(started[0]), lastWord(started[1]))
}

func lastWord(text string) string { return text[strings.LastIndexByte(text, ' ')+1:] }

func TestRunSendsNobodyToAGatewayThatIsNotReady(t *testing.T) {
	run := startFakes(t, 2)
	run.eventually("all gateways become ready", run.allReady)
	run.behave("gateway-1.unready")
	run.eventually("it is seen", func() bool {
		gateways, _ := run.look()
		return gateways[0].State == StateNotReady
	})
	require.Equal(t, []string{"gateway-2"}, run.whoAnswers(6))
	require.NoError(t, os.Remove(filepath.Join(run.behavior, "gateway-1.unready")))
	run.eventually("it is ready again", run.allReady)
	require.Equal(t, []string{"gateway-1", "gateway-2"}, run.whoAnswers(6))
}

func TestRunKillsAGatewayThatDoesNotStop(t *testing.T) {
	run := startFakes(t, 2, "gateway-2.deaf")
	run.eventually("all gateways become ready", run.allReady)
	gateways, _ := run.look()
	require.NoError(t, run.stop())
	require.False(t, alive(gateways[1].PID))
	_, events := run.look()
	require.Contains(t, events, "gateway-2 did not stop in time and was killed")
}

func TestRunExplainsATakenAddress(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	err = Run(context.Background(), Options{Cluster: testCluster(1), Listen: taken.Addr().String(), View: &recorder{}})
	require.ErrorContains(t, err, taken.Addr().String()+" is in use by another program: stop that, or choose another address with --listen")
}

func TestRunSaysThatAProgramIsMissing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	err := Run(context.Background(), Options{
		Cluster: testCluster(1), Listen: "127.0.0.1:0", View: &recorder{}, Command: []string{filepath.Join(t.TempDir(), "nothing")},
	})
	require.ErrorContains(t, err, "starting gateway-1: ")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestKilledParentLeavesNothingBehind(t *testing.T) {
	temp := t.TempDir()
	program, err := os.Executable()
	require.NoError(t, err)
	parent := exec.Command(program, "fake-up")
	parent.Env = append(os.Environ(), "TMPDIR="+temp, behaviorDir+"="+temp)
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	t.Cleanup(func() {
		_ = parent.Process.Kill()
		_ = parent.Wait()
	})
	var pids []int
	for lines := bufio.NewScanner(out); len(pids) == 0; {
		require.True(t, lines.Scan(), "the parent ended: %v", lines.Err())
		if list, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
			for word := range strings.FieldsSeq(list) {
				pid, err := strconv.Atoi(word)
				require.NoError(t, err)
				pids = append(pids, pid)
			}
		}
	}
	require.Len(t, pids, 3)

	require.NoError(t, parent.Process.Kill())
	for _, pid := range pids {
		require.True(t, waitFor(func() bool { return !alive(pid) }), "process %d is still there", pid)
	}
	left, err := os.ReadDir(temp)
	require.NoError(t, err)
	require.Empty(t, left)
}
