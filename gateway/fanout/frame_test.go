package fanout

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFrameSize(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   []byte
		want int
		err  error
	}{
		{"nothing", nil, 0, nil},
		{"half a header", []byte{0x81}, 0, nil},
		{"empty payload", []byte{0x89, 0}, 2, nil},
		{"short payload", []byte{0x8a, 125}, 127, nil},
		{"half of 16 bits", []byte{0x81, 126, 1}, 0, nil},
		{"16 bits", []byte{0x81, 126, 1, 2}, 4 + 258, nil},
		{"half of 64 bits", []byte{0x81, 127, 0, 0, 0, 0, 0, 1, 0}, 0, nil},
		{"64 bits", []byte{0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0}, 10 + 65536, nil},
		{"too much", []byte{0x81, 127, 0xff, 0, 0, 0, 0, 1, 0, 0}, 0, errNotAFrame},
		{"masked", []byte{0x81, 0x81, 0, 0, 0, 0, 0}, 0, errNotAFrame},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := frameSize(tt.in)
			require.ErrorIs(t, err, tt.err)
			require.Equal(t, tt.want, got)
		})
	}
}

func FuzzFrameSize(f *testing.F) {
	f.Add(text("hello"))
	f.Add(text(string(make([]byte, 300))))
	f.Add(text(string(make([]byte, 70_000))))
	f.Add([]byte{0x88, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		size, err := frameSize(b)
		if err != nil || size == 0 {
			require.Zero(t, size)
			return
		}
		require.GreaterOrEqual(t, size, 2)
		header := min(10, len(b), size)
		again, err := frameSize(b[:header])
		require.NoError(t, err)
		require.Equal(t, size, again, "the header alone tells the size")
	})
}
