package keyring

// KeyBytes is the length of a [Key].
const KeyBytes = 32

// A Key is one shared secret of a cluster. Formatting it prints no part of it.
type Key struct{ secret [KeyBytes]byte }

// NewKey returns a fresh random key.
func NewKey() Key { panic("todo") }

// Encode returns the key as a key file spells it: one line of standard base64, without the newline. It is a secret.
func (k Key) Encode() string { panic("todo") }

// Parse reads a key file: one standard base64 key of 32 bytes a line, the first one primary. Blank lines and lines that
// begin with # are skipped. Errors name the line, never its content. At most [MaxKeys] distinct keys, at least one.
func Parse(text []byte) ([]Key, error) { panic("todo") }

// MaxKeys bounds the keys of a cluster at one time.
const MaxKeys = 16

// Load reads the key file at path: see [Parse].
func Load(path string) ([]Key, error) { panic("todo") }

// Insecure returns the development key of a cluster, which anybody can compute. The caller must use it only where the
// mesh is bound to loopback.
func Insecure(cluster string) []Key { panic("todo") }

// AdminToken returns the bearer token, 64 hexadecimal digits, that the key gives for the admin port. It is a secret.
func (k Key) AdminToken() string { panic("todo") }
