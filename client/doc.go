// Package client is Starling's client for Go: it speaks starling.v1 over WebSocket (docs/protocol.md) and stays connected.
//
//	c, err := client.Connect(ctx, "wss://chat.example.com/ws", client.Options{Token: token})
//	if err != nil {
//		return err
//	}
//	defer c.Close()
//	room, err := c.Join(ctx, "room:1", client.JoinOptions{OnEvent: func(e client.Event) { … }})
//	if err != nil {
//		return err
//	}
//	mid, err := room.Publish(ctx, "chat", map[string]string{"text": "hello"}, client.PublishOptions{})
//
// # What it promises
//
//   - It stays connected until [Client.Close], or until something that no retry can heal: see [Client.Err]. It waits with full
//     jitter between attempts and as long as a gateway asks for.
//   - When a gateway asks it to move it connects elsewhere first, joins there, reads both connections for the overlap, drops
//     what comes twice, and closes the old one without leaving. Nobody sees the member go, and nothing is lost.
//   - Publishes are sent in order per channel. One whose answer was lost is sent again with the same key, so that it happens once.
//     One that a gateway refuses for now, as it comes too fast, is sent again when the gateway allows it: only those that were on
//     their way already may overtake it. While there is no connection they wait, up to a bound of bytes; over it they fail with
//     [ErrQueueFull].
//   - A channel's events come in order, one at a time. When publishes may have been missed there is a [Gap], never silence.
//   - [Presence] events, applied one after the other to an empty set, always give the set that [Channel.Members] returns. After a
//     reconnect there is one with exactly who came and who went meanwhile, and none when nobody did.
//   - Reading the socket never waits for the program. See [JoinOptions] for what happens when it is slow.
//   - All methods are safe for concurrent use, and Close waits for every goroutine.
//
// # What it does not do
//
// It keeps no history and fetches none: after a Gap the program loads what matters from where it is kept. It does not tell
// whether another client of the same member is connected. It follows no HTTP redirects.
package client
