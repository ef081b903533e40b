package main

import "testing"

func TestNodeNumber(t *testing.T) {
	for name, want := range map[string]int{"node-1": 1, "node-3": 3, "node-4": 0, "node-0": 0, "node-12": 0, "3": 0, "": 0, "xnode-1": 0} {
		got, err := nodeNumber(name, 3)
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("nodeNumber(%q) is %d, %v, want %d", name, got, err, want)
		}
	}
}

func TestNodesWanted(t *testing.T) {
	for text, want := range map[string]int{"": 0, "1": 1, "9": 9} {
		if got, err := nodesWanted(text); err != nil || got != want {
			t.Errorf("nodesWanted(%q) is %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"0", "10", "-1", "two", "2 "} {
		if _, err := nodesWanted(text); err == nil {
			t.Errorf("nodesWanted(%q) has no error", text)
		}
	}
}
