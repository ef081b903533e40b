package scaling

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// A world plays the Deployment and ReplicaSet controllers, the kubelet, people and an operator, one deed at a time and in any order.
type world struct {
	rnd                  *rand.Rand
	desired              int32
	replicas             int32
	generation, observed int
	template             int
	pods                 []*simPod
	cache                []Gateway // the operator's, which may be behind
	named                int
	byHand               bool // somebody has lowered the Deployment, and the ReplicaSet has not acted yet
	log                  strings.Builder
	violations           []string
	lowered              int
}

type simPod struct {
	Gateway
	template, left int  // left is how long it still drains
	scaled         bool // a scale-down ended it
}

func newWorld(seed uint64) *world {
	w := &world{rnd: rand.New(rand.NewPCG(seed, seed)), desired: 3, replicas: 3}
	return w
}

func (w *world) say(format string, args ...any) { fmt.Fprintf(&w.log, format+"\n", args...) }

func (w *world) fail(format string, args ...any) {
	w.violations = append(w.violations, fmt.Sprintf(format, args...))
}

func (w *world) live() []*simPod {
	return slices.DeleteFunc(slices.Clone(w.pods), func(p *simPod) bool { return p.Terminating })
}

func (w *world) gateways() []Gateway {
	var all []Gateway
	for _, p := range w.pods {
		g := p.Gateway
		g.Outdated = p.template != w.template
		all = append(all, g)
	}
	return all
}

func (w *world) rolling() bool {
	return slices.ContainsFunc(w.live(), func(p *simPod) bool { return p.template != w.template })
}

func (w *world) state(pods []Gateway) State {
	return State{
		Desired: w.desired, Exists: true, Current: w.replicas, Observed: w.observed == w.generation, Rolling: w.rolling(), Gateways: pods,
	}
}

// operate is one reconcile. It looks again, live, before it lowers anything.
func (w *world) operate() {
	step := Plan(w.state(w.cache))
	for _, p := range w.pods {
		p.Marked = (p.Marked || slices.Contains(step.Mark, p.Name)) && !slices.Contains(step.Unmark, p.Name)
	}
	if len(step.Mark) > 0 {
		w.say("want %d of %d: mark %s", w.desired, w.replicas, step.Victim)
	}
	if step.Replicas < w.replicas {
		step = Plan(w.state(w.gateways()))
	}
	if step.Replicas == w.replicas {
		return
	}
	switch {
	case step.Replicas > w.replicas && step.Replicas != w.desired:
		w.fail("raised to %d, not to the %d wanted", step.Replicas, w.desired)
	case step.Replicas < w.replicas:
		w.checkLowering(step)
	}
	w.say("want %d of %d: tell %d %s", w.desired, w.replicas, step.Replicas, step.Victim)
	w.replicas = step.Replicas
	w.generation++
}

func (w *world) checkLowering(step Step) {
	w.lowered++
	if step.Replicas != w.replicas-1 || step.Replicas < w.desired {
		w.fail("lowered from %d to %d, %d wanted", w.replicas, step.Replicas, w.desired)
	}
	if len(w.live()) < len(w.pods) {
		w.fail("lowered while a gateway drains")
	}
	if w.rolling() {
		w.fail("lowered during a rollout")
	}
}

// control is the ReplicaSet controller's turn: it makes and ends as many as needed, all at once.
func (w *world) control() {
	w.observed = w.generation
	live := w.live()
	limit := int(w.replicas)
	if w.rolling() {
		limit++ // the surge
	}
	for n := len(live); n < limit; n++ {
		w.named++
		w.pods = append(w.pods, &simPod{Gateway: Gateway{
			Name: fmt.Sprintf("g%03d", w.named), Revision: fmt.Sprint(w.template), Unschedulable: w.rnd.IntN(4) == 0,
		}, template: w.template})
	}
	if n := len(live) - limit; n > 0 {
		slices.SortFunc(live, func(a, b *simPod) int { return w.surplus(a) - w.surplus(b) })
		for _, p := range live[:n] {
			w.end(p, !w.byHand)
		}
	}
	w.byHand = false
	// A rollout ends an old one when all that there should be are ready.
	if w.rolling() && !slices.ContainsFunc(w.live(), func(p *simPod) bool { return !p.Ready }) && len(w.live()) > int(w.replicas) {
		for _, p := range w.live() {
			if p.template != w.template {
				w.end(p, false)
				break
			}
		}
	}
}

// surplus is the order in which a ReplicaSet gives up pods.
func (w *world) surplus(p *simPod) int {
	switch {
	case p.template != w.template:
		return 0
	case p.Unschedulable:
		return 1
	case !p.Ready:
		return 2
	case p.Marked:
		return 3
	}
	return 4
}

func (w *world) end(p *simPod, scaled bool) {
	p.Terminating, p.left, p.scaled = true, 1+w.rnd.IntN(5), scaled
	w.say("end %s", p.Name)
	n := 0
	for _, p := range w.pods {
		if p.scaled {
			n++
		}
	}
	if n > 1 {
		w.fail("%d gateways drain because of a scale-down", n)
	}
}

// pass is time: pods start, drain and take clients.
func (w *world) pass() {
	for _, p := range w.pods {
		switch {
		case p.Terminating:
			p.left--
		case p.Unschedulable:
			p.Unschedulable = w.rnd.IntN(3) > 0
		default:
			p.Ready = p.Ready || w.rnd.IntN(2) == 0
			p.Connections = w.rnd.IntN(100)
		}
	}
	w.pods = slices.DeleteFunc(w.pods, func(p *simPod) bool { return p.Terminating && p.left < 0 })
}

// upset is what people do.
func (w *world) upset() {
	switch w.rnd.IntN(4) {
	case 0, 1:
		w.desired = int32(w.rnd.IntN(7))
		w.say("people want %d", w.desired)
	case 2:
		if to := int32(w.rnd.IntN(9)); to != w.replicas {
			w.say("by hand from %d to %d", w.replicas, to)
			w.byHand = w.byHand || int(to) < len(w.live())
			w.replicas = to
			w.generation++
		}
	default:
		w.template++
		w.generation++
		w.say("new template")
	}
}

// run lets everybody act n times, people as often as they like, and then until all is quiet.
func (w *world) run(n int, people bool) {
	for range n {
		switch w.rnd.IntN(8) {
		case 0, 1, 2:
			w.operate()
		case 3, 4:
			w.control()
		case 5:
			w.pass()
		case 6:
			w.cache = w.gateways()
		default:
			if people && w.rnd.IntN(3) == 0 {
				w.upset()
			}
		}
	}
}
