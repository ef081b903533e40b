// Package crowd is hundreds of clients that publish all the time, and an account of what they went through: what was lost, came twice
// or in the wrong order, who was seen to leave without having left, how often connections broke and how fast they came back.
//
// It uses the public Go client and knows nothing of Kubernetes: a test changes the cluster under the crowd and then asks for the
// [Report]. What it counts is what a program sees, after the client has dropped what comes twice by its message id.
//
// It promises to notice every message that an accepted publish owes and that does not come, to whom it was owed. It does not measure
// the delay of messages: `starling bench` does.
package crowd
