package proc

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadsItself(t *testing.T) {
	before, err := Read(os.Getpid())
	require.NoError(t, err)
	require.Positive(t, before.RSS)
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer null.Close()
	for range 100 {
		_, err := null.WriteString("x")
		require.NoError(t, err)
	}
	after, err := Read(os.Getpid())
	require.NoError(t, err)
	used := after.Since(before)
	require.GreaterOrEqual(t, used.Writes, int64(100))
	require.Equal(t, after, before.Add(used))
}

func TestSaysThatAProcessIsGone(t *testing.T) {
	_, err := Read(1 << 30)
	require.ErrorIs(t, err, os.ErrNotExist)
}
