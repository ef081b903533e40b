package mesh

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThreeGatewaysAreOne(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b", "c")
	nodes := c.start("a", "b", "c")
	a, b, cc := nodes[0], nodes[1], nodes[2]
	ann := a.join(t, "room", "ann")
	bob := b.join(t, "room", "bob")
	c.awaitPresence(t, "room", "ann", "bob")
	awaitLine(t, ann, "join room bob")
	b.publish(t, "room", "bob", "hi")
	awaitLine(t, ann, `chat room "hi"`)
	awaitLine(t, bob, `chat room "hi"`)
	require.Zero(t, cc.metric(t, "starling_mesh_publishes_in_total"), "nobody at c wants it")
	require.Equal(t, 1, b.metric(t, "starling_mesh_publishes_out_total"))
}
