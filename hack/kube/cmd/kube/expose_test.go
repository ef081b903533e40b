package main

import (
	"net"
	"path/filepath"
	"testing"
)

func TestRequestsTakeAListenerAlong(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	server, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	file, err := listenerFile("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	client, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	want := request{Command: "expose", Address: "127.0.0.1:1", Target: "10.0.0.1:80"}
	if err := send(client.(*net.UnixConn), want, file); err != nil {
		t.Fatal(err)
	}
	conn, err := server.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	got, listener, err := receive(conn.(*net.UnixConn))
	if err != nil || got != want || listener == nil {
		t.Fatalf("got %+v, listener %v, error %v", got, listener, err)
	}
	e := exposed{}
	if e.set(want.Address, want.Target, nil) {
		t.Error("an unknown address needs a listener")
	}
	if !e.set(want.Address, want.Target, listener) || !e.set(want.Address, "10.0.0.2:80", nil) {
		t.Error("the address was not exposed, or not changed")
	}
	if got := *e[want.Address].Load(); got != "10.0.0.2:80" {
		t.Errorf("it leads to %s", got)
	}
	_ = listener.Close()
}
