package mesh

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/memberlist"
)

func (m *Mesh) initGossipKeys() error {
	keys := m.keys.MemberlistKeys()
	ring, err := memberlist.NewKeyring(keys, keys[0])
	if err != nil {
		return fmt.Errorf("making memberlist's keyring: %w", err)
	}
	m.gossipKeys = ring
	return nil
}

// followKeys takes over each change of the keys: gossip that comes is read with all of them, what is sent is encrypted with
// the primary one, and links that were made with a key that was dropped are made anew with another one.
func (m *Mesh) followKeys(ctx context.Context) {
	for {
		changed := m.keys.Changed()
		if err := syncKeys(m.gossipKeys, m.keys.MemberlistKeys()); err != nil {
			// The keys have the length that memberlist wants, so this is a fault of ours.
			m.logger.Error("changing memberlist's keys", "error", err)
		}
		m.receiver.Recheck()
		for _, p := range m.allPeers() {
			p.sender.Recheck()
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// syncKeys makes memberlist's keyring hold exactly the wanted keys in their order, the primary one first.
func syncKeys(ring *memberlist.Keyring, want [][]byte) error {
	for _, key := range want {
		if err := ring.AddKey(key); err != nil {
			return fmt.Errorf("adding a key: %w", err)
		}
	}
	// Each use moves a key to the front, so in the end all others are behind these. Memberlist removes a key in the list that
	// it reads meanwhile, without a lock: only at the end of the list does that disturb nobody.
	if !inOrder(ring.GetKeys(), want) {
		for _, key := range slices.Backward(want) {
			if err := ring.UseKey(key); err != nil {
				return fmt.Errorf("making a key primary: %w", err)
			}
		}
	}
	for keys := ring.GetKeys(); len(keys) > len(want); keys = ring.GetKeys() {
		if err := ring.RemoveKey(keys[len(keys)-1]); err != nil {
			return fmt.Errorf("dropping a key: %w", err)
		}
	}
	return nil
}

// inOrder says that the list begins with the wanted keys.
func inOrder(keys, want [][]byte) bool {
	return len(keys) >= len(want) && slices.EqualFunc(keys[:len(want)], want, bytes.Equal)
}
