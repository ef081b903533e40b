// Package reload keeps what was read from files up to date while the files change, as mounted Secrets do.
//
// A [Files] reads its files, makes something of them, and does so again when their content is another one. It compares contents
// and not times, so that it does not matter how a file is replaced.
//
// It promises that what [Files.Value] returns was made of one reading of all files, and that content which cannot be used changes
// nothing: the last good value stays, and the error is returned, logged and countable.
//
// It does not watch directories for new files, and it starts no goroutine: whoever wants changes calls [Files.Run].
package reload
