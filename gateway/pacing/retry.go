package pacing

import "time"

// mostBacklog is the longest backlog that is told to anybody.
const mostBacklog = 30 * time.Second

// leastRetry is the soonest that anybody is asked to come back.
const leastRetry = time.Second

// Retry returns after what time one who was refused should come back; random is from 0 to 1. The mean is a little later than the
// backlog is done, and the times of many are spread over twice that, so that they do not come back in step.
func Retry(backlog time.Duration, random float64) time.Duration {
	return leastRetry + time.Duration(random*float64(2*min(max(0, backlog), mostBacklog)+2*leastRetry))
}
