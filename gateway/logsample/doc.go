// Package logsample keeps a log readable while clients misbehave: of lines that are alike it lets the first few of each second
// through, and then says how many it left out.
//
// # What it promises
//
//   - The first line of a kind is never left out, and what was left out is never silent: a line with the number follows within about a
//     second of [Sampler.Flush] being called, and each one is counted.
//   - A cause does not hide another: lines are of one kind when their level, their message and their fields "reason", "code" and
//     "peer" are the same.
//   - It is bounded: at most 256 kinds are told apart at a time. Lines of more kinds than that share one.
//
// # What it does not do
//
// It does not know which lines clients can cause. A program gives those to [Sampler.Handler], and logs what somebody must see each time
// past it.
package logsample
