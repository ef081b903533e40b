package hub_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/starling-realtime/starling/hub"
)

// A terminal is a connection that prints what it gets. A real one queues the event for its socket.
type terminal struct {
	id      string
	onClose func()
}

func (t *terminal) ID() string { return t.id }

func (t *terminal) Deliver(e *hub.Event) error {
	fmt.Printf("%s: %s %s\n", t.id, e.Type, e.Payload)
	return nil
}

func (t *terminal) OnClose(fn func()) { t.onClose = fn }

func Example() {
	h := hub.New(hub.Options{})
	defer h.Close()

	laptop, phone := &terminal{id: "laptop"}, &terminal{id: "phone"}
	_, _ = h.Join("lobby", "ann", laptop, hub.JoinOptions{})
	_, _ = h.Join("lobby", "bob", phone, hub.JoinOptions{})

	_ = h.SetTyping("lobby", "bob", true, phone)
	_, _ = h.Publish("lobby", "chat", map[string]string{"text": "hi"}, hub.PublishOptions{From: "bob", ExceptConnID: "phone"})
	_, _ = h.Leave("lobby", "bob", phone)

	// Output:
	// laptop: presence:join {"channel":"lobby","memberId":"bob"}
	// laptop: typing {"channel":"lobby","memberId":"bob","typing":true}
	// laptop: chat {"text":"hi"}
	// laptop: presence:leave {"channel":"lobby","memberId":"bob"}
}

// A member is present while one of its connections is.
func ExampleHub_Join() {
	h := hub.New(hub.Options{})
	defer h.Close()
	laptop, phone := &terminal{id: "laptop"}, &terminal{id: "phone"}

	first, _ := h.Join("lobby", "ann", laptop, hub.JoinOptions{})
	second, _ := h.Join("lobby", "ann", phone, hub.JoinOptions{})
	fmt.Println(first.NewlyPresent, second.NewlyPresent, h.Presence("lobby"))

	left, _ := h.Leave("lobby", "ann", laptop)
	fmt.Println(left.NowAbsent, h.IsPresent("lobby", "ann"))

	// Output:
	// true false [ann]
	// false true
}

// The snapshot and the events that follow it meet exactly.
func ExampleJoinOptions() {
	h := hub.New(hub.Options{})
	defer h.Close()
	_, _ = h.Join("lobby", "ann", &terminal{id: "laptop"}, hub.JoinOptions{Presence: hub.PresenceNone})

	phone := &terminal{id: "phone"}
	_, _ = h.Join("lobby", "bob", phone, hub.JoinOptions{Snapshot: func(s hub.Snapshot) {
		slices.Sort(s.Members)
		fmt.Println("phone: present are", s.Members)
	}})
	_, _ = h.Join("lobby", "cid", &terminal{id: "tablet"}, hub.JoinOptions{})

	// Output:
	// phone: present are [ann bob]
	// phone: presence:join {"channel":"lobby","memberId":"cid"}
}

// With a grace, a connection that vanishes and comes back is not seen to leave.
func ExampleHub_Bind() {
	h := hub.New(hub.Options{Grace: time.Minute})
	defer h.Close()
	_, _ = h.Join("lobby", "ann", &terminal{id: "laptop"}, hub.JoinOptions{})

	phone := &terminal{id: "phone"}
	h.Bind(phone)
	_, _ = h.Join("lobby", "bob", phone, hub.JoinOptions{})
	phone.onClose()
	fmt.Println(h.ConnectionCount("lobby"), h.IsPresent("lobby", "bob"))

	back, _ := h.Join("lobby", "bob", &terminal{id: "phone again"}, hub.JoinOptions{})
	fmt.Println(h.ConnectionCount("lobby"), back.NewlyPresent)

	// Output:
	// laptop: presence:join {"channel":"lobby","memberId":"bob"}
	// 1 true
	// 2 false
}

// Other hubs' members are merged in: events tell of changes of the union.
func ExampleHub_ApplyRemote() {
	h := hub.New(hub.Options{})
	defer h.Close()
	_, _ = h.Join("lobby", "ann", &terminal{id: "laptop"}, hub.JoinOptions{})

	const east, west hub.Boot = 0xea57, 0x3e57
	for _, boot := range []hub.Boot{east, west} {
		h.ApplyRemote(boot, hub.Delta{Op: hub.OpJoin, Channel: "lobby", Member: "bob"})
	}
	fmt.Println(h.MemberCount("lobby"))
	h.DropRemote(east)
	fmt.Println(h.MemberCount("lobby"))
	h.DropRemote(west)
	fmt.Println(h.MemberCount("lobby"))

	// Output:
	// laptop: presence:join {"channel":"lobby","memberId":"bob"}
	// 2
	// 2
	// laptop: presence:leave {"channel":"lobby","memberId":"bob"}
	// 1
}
