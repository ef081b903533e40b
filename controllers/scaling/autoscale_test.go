package scaling

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/starling-realtime/starling/api/v1alpha1"
)

const tick = 5 * time.Second

func autoscaling(lowest, highest, target int32) *v1alpha1.AutoscalingSpec {
	c := &v1alpha1.RealtimeCluster{}
	c.Spec.Autoscaling = &v1alpha1.AutoscalingSpec{MinReplicas: &lowest, MaxReplicas: &highest, TargetConnections: &target}
	v1alpha1.SetDefaults(c)
	return c.Spec.Autoscaling
}

// seen returns a history of samples, 5 s apart, and the time of the last one; negative ones are of a cluster with a silent gateway.
func seen(connections ...int64) (*History, time.Time) {
	h, now := &History{}, time.Unix(0, 0)
	for _, n := range connections {
		now = now.Add(tick)
		h.Add(Sample{At: now, Connections: max(n, -n), Complete: n >= 0})
	}
	return h, now
}

func repeat(connections int64, n int) []int64 {
	all := make([]int64, n)
	for i := range all {
		all[i] = connections
	}
	return all
}

func TestDecide(t *testing.T) {
	const window = 61 // samples that cover 300 s
	tests := map[string]struct {
		samples        []int64
		current, ready int32
		change         func(*v1alpha1.AutoscalingSpec)
		replicas       int32
		reason         string
	}{
		"nothing is known":            {nil, 3, 3, nil, 3, ReasonNotObserved},
		"too few whatever the load":   {nil, 1, 1, nil, 2, ReasonBelowMinimum},
		"too many whatever the load":  {nil, 12, 12, nil, 10, ReasonAboveMaximum},
		"right":                       {repeat(300, window), 3, 3, nil, 3, ReasonOnTarget},
		"within the tolerance":        {repeat(330, window), 3, 3, nil, 3, ReasonOnTarget},
		"up at once":                  {[]int64{300, 331}, 3, 3, nil, 4, ReasonScalingUp},
		"up by a step":                {[]int64{1000}, 3, 3, nil, 7, ReasonScalingUp},
		"up, counting who starts":     {[]int64{1000}, 5, 3, nil, 7, ReasonScalingUp},
		"up, when those are ready":    {[]int64{1000}, 7, 3, nil, 7, ReasonStarting},
		"up, from a part":             {[]int64{-500}, 3, 2, nil, 5, ReasonScalingUp},
		"at most the maximum":         {[]int64{5000}, 9, 9, nil, 10, ReasonScalingUp},
		"at the maximum":              {[]int64{5000}, 10, 10, nil, 10, ReasonAtMaximum},
		"down by one":                 {repeat(200, window), 5, 5, nil, 4, ReasonScalingDown},
		"not before the window":       {repeat(200, window-1), 5, 5, nil, 5, ReasonStabilizing},
		"not with a peak in it":       {append([]int64{500}, repeat(200, window-1)...), 5, 5, nil, 5, ReasonStabilizing},
		"a peak before it":            {append([]int64{500}, repeat(200, window)...), 5, 5, nil, 4, ReasonScalingDown},
		"never without an answer":     {append(repeat(200, window), -200), 5, 5, nil, 5, ReasonSilent},
		"a short silence is no gap":   {append(append(repeat(200, 60), repeat(-200, 4)...), 200), 5, 5, nil, 4, ReasonScalingDown},
		"a long one is":               {append(append(repeat(200, 60), repeat(-200, 7)...), 200), 5, 5, nil, 5, ReasonStabilizing},
		"not below the minimum":       {repeat(0, window), 2, 2, nil, 2, ReasonAtMinimum},
		"within the tolerance, down":  {repeat(910, window), 10, 10, nil, 10, ReasonOnTarget},
		"one less would be too few":   {repeat(401, window), 5, 5, nil, 5, ReasonOnTarget},
		"one less is just enough":     {repeat(400, window), 5, 5, nil, 4, ReasonScalingDown},
		"up when it lasts":            {repeat(500, 3), 3, 3, func(a *v1alpha1.AutoscalingSpec) { *a.ScaleUp.StabilizationSeconds = 10 }, 5, ReasonScalingUp},
		"up, but not yet":             {repeat(500, 2), 3, 3, func(a *v1alpha1.AutoscalingSpec) { *a.ScaleUp.StabilizationSeconds = 10 }, 3, ReasonStabilizing},
		"up, by the lowest of a time": {[]int64{400, 900, 900}, 3, 3, func(a *v1alpha1.AutoscalingSpec) { *a.ScaleUp.StabilizationSeconds = 10 }, 4, ReasonScalingUp},
		"down at once if told so":     {[]int64{200}, 5, 5, func(a *v1alpha1.AutoscalingSpec) { *a.ScaleDown.StabilizationSeconds = 0 }, 4, ReasonScalingDown},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := autoscaling(2, 10, 100)
			if test.change != nil {
				test.change(a)
			}
			h, now := seen(test.samples...)
			d := Decide(a, h, test.current, test.ready, now)
			require.Equal(t, test.reason, d.Reason, d.Message)
			require.Equal(t, test.replicas, d.Replicas)
			require.NotEmpty(t, d.Message)
		})
	}
}

func TestStaleSamplesDecideNothing(t *testing.T) {
	h, now := seen(repeat(200, 100)...)
	require.Equal(t, ReasonScalingDown, Decide(autoscaling(2, 10, 100), h, 5, 5, now.Add(MaxGap)).Reason)
	require.Equal(t, ReasonNotObserved, Decide(autoscaling(2, 10, 100), h, 5, 5, now.Add(MaxGap+1)).Reason)
}

func TestHistoryIsBounded(t *testing.T) {
	h, _ := seen(repeat(1, 2000)...)
	require.LessOrEqual(t, len(h.samples), int((longest+MaxGap)/tick)+1)
}

// TestAnyLoadIsFollowedSafely drives a cluster by random loads, silences, gaps and restarts of the operator.
func TestAnyLoadIsFollowedSafely(t *testing.T) {
	downs, ups := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		lowest := rapid.Int32Range(1, 10).Draw(rt, "min")
		highest := rapid.Int32Range(lowest, 30).Draw(rt, "max")
		a := autoscaling(lowest, highest, rapid.Int32Range(1, 5000).Draw(rt, "target"))
		*a.TolerancePercent = rapid.Int32Range(0, 50).Draw(rt, "tolerance")
		*a.ScaleDown.StabilizationSeconds = rapid.Int32Range(0, 120).Draw(rt, "down")
		*a.ScaleUp.StabilizationSeconds = rapid.SampledFrom([]int32{0, 0, 30}).Draw(rt, "up")
		window := time.Duration(*a.ScaleDown.StabilizationSeconds) * time.Second

		h, now := &History{}, time.Unix(0, 0)
		began, current := now.Add(tick), rapid.Int32Range(lowest, highest).Draw(rt, "current")
		step := func(connections int64, complete bool) {
			h.Add(Sample{now, connections, complete})
			d := Decide(a, h, current, current, now)
			require.GreaterOrEqual(rt, d.Replicas, lowest)
			require.LessOrEqual(rt, d.Replicas, highest)
			require.LessOrEqual(rt, d.Replicas, current+*a.ScaleUp.Step)
			if d.Replicas < current {
				downs++
				require.Equal(rt, current-1, d.Replicas)
				require.True(rt, complete, "down although a gateway is silent")
				require.GreaterOrEqual(rt, now.Sub(began), window, "down before a whole window was seen")
				require.NotEqual(rt, ReasonScalingUp, Decide(a, h, d.Replicas, d.Replicas, now).Reason, "down and up again")
			}
			if d.Replicas > current {
				ups++
				require.Greater(rt, connections, int64(current)*int64(*a.TargetConnections))
			}
			current = d.Replicas
		}
		most := int64(*a.TargetConnections) * 40
		for range rapid.IntRange(0, 150).Draw(rt, "samples") {
			now = now.Add(tick)
			switch rapid.IntRange(0, 30).Draw(rt, "what") {
			case 0: // the operator starts anew
				h, began = &History{}, now
			case 1: // it could not look
				now = now.Add(MaxGap + time.Second)
				require.Equal(rt, current, Decide(a, h, current, current, now).Replicas, "decided by what is stale")
				began = now
			}
			step(rapid.Int64Range(0, most).Draw(rt, "connections"), rapid.IntRange(0, 9).Draw(rt, "complete") > 0)
		}
		load := rapid.Int64Range(0, most).Draw(rt, "last load")
		for range 100 {
			now = now.Add(tick)
			step(load, true)
		}
		d := Decide(a, h, current, current, now)
		require.Equal(rt, current, d.Replicas, "it never comes to rest")
		require.Contains(rt, []string{ReasonOnTarget, ReasonAtMinimum, ReasonAtMaximum}, d.Reason)
	})
	require.Positive(t, downs)
	require.Positive(t, ups)
}
