// Command allocs compares the allocations in the output of go test -bench -benchmem, on stdin, with a committed baseline, and fails
// when there are more. Allocations are exact where the number of iterations is fixed; times are not compared.
//
// Of several runs of one benchmark the one with the fewest counts, because the runtime now and then allocates by itself.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func main() {
	baseline := flag.String("baseline", "hack/bench/allocs.txt", "file with a line for each benchmark")
	update := flag.Bool("update", false, "write the baseline instead of comparing")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *baseline, *update); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// allocs is allocations an operation, by package and benchmark.
type allocs map[string]int

func run(in io.Reader, out io.Writer, path string, update bool) error {
	got, err := parseBenchmarks(io.TeeReader(in, out))
	if err != nil {
		return err
	}
	if update {
		return os.WriteFile(path, got.text(), 0o600)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the baseline: %w", err)
	}
	want, err := parseBaseline(text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	faults, notes := compare(got, want)
	for _, note := range notes {
		fmt.Fprintln(out, "note:", note)
	}
	if len(faults) > 0 {
		return fmt.Errorf("allocations:\n  %s\nmake bench-check UPDATE=1 writes a new baseline, if that is as it should be",
			strings.Join(faults, "\n  "))
	}
	fmt.Fprintf(out, "%d benchmarks allocate no more than the baseline says\n", len(got))
	return nil
}

// compare says what grew or is not the same benchmark any more, and what shrank.
func compare(got, want allocs) (faults, notes []string) {
	for _, name := range slices.Sorted(maps.Keys(got)) {
		before, known := want[name]
		switch now := got[name]; {
		case !known:
			faults = append(faults, fmt.Sprintf("%s is not in the baseline", name))
		case now > before:
			faults = append(faults, fmt.Sprintf("%s: %d an operation, was %d", name, now, before))
		case now < before:
			notes = append(notes, fmt.Sprintf("%s: %d allocations an operation, was %d: update the baseline", name, now, before))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if _, ran := got[name]; !ran {
			faults = append(faults, fmt.Sprintf("%s is in the baseline and did not run", name))
		}
	}
	return faults, notes
}

// line finds a benchmark's name, without the number of processors, and its allocations.
var line = regexp.MustCompile(`^Benchmark(\S+?)(?:-\d+)?\s.*\s(\d+) allocs/op`)

func parseBenchmarks(r io.Reader) (allocs, error) {
	got, pkg := allocs{}, ""
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "pkg: "); ok {
			pkg = name
		}
		m := line.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		n, err := strconv.Atoi(m[2])
		if err != nil {
			return nil, fmt.Errorf("reading benchmarks: %w", err)
		}
		name := pkg[strings.LastIndexByte(pkg, '/')+1:] + "." + m[1]
		if before, again := got[name]; !again || n < before {
			got[name] = n
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading benchmarks: %w", err)
	}
	if len(got) == 0 {
		return nil, errors.New("there is no benchmark in the input")
	}
	return got, nil
}

func parseBaseline(text []byte) (allocs, error) {
	want := allocs{}
	for row := range bytes.Lines(text) {
		fields := strings.Fields(string(row))
		if len(fields) != 2 {
			return nil, fmt.Errorf("line %q, want a benchmark and its allocations", row)
		}
		n, err := strconv.Atoi(fields[1])
		if err != nil {
			return nil, fmt.Errorf("line %q: %w", row, err)
		}
		want[fields[0]] = n
	}
	return want, nil
}

func (a allocs) text() []byte {
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(a)) {
		fmt.Fprintln(&b, name, a[name])
	}
	return b.Bytes()
}
