// The last ten minutes of the cluster, put together from the steps that each gateway keeps of itself.

const STEP = 5;
const KEPT = 600;

export class History {
  /** By gateway's boot: its steps by their end, in Unix seconds. */
  #gateways = new Map();
  newest = 0;

  /** Which steps to ask for: those that may be new, with some that are known, since gateways' clocks differ. */
  get since() { return Math.max(0, this.newest - 30); }

  add(gateways) {
    for (const gateway of gateways) {
      if (!this.#gateways.has(gateway.boot)) this.#gateways.set(gateway.boot, new Map());
      const steps = this.#gateways.get(gateway.boot);
      for (const step of gateway.history ?? []) {
        steps.set(step.at, step);
        this.newest = Math.max(this.newest, step.at);
      }
    }
    for (const [boot, steps] of this.#gateways) {
      for (const at of steps.keys()) if (at < this.newest - KEPT) steps.delete(at);
      if (steps.size === 0) this.#gateways.delete(boot);
    }
  }

  /**
   * The cluster at every step: connections and messages of all gateways together, and the p99 of the slowest. Where no gateway has
   * anything it is null.
   */
  series() {
    const points = [];
    for (let at = this.newest - KEPT + STEP; at <= this.newest; at += STEP) {
      const now = [...this.#gateways.values()].map((steps) => latest(steps, at)).filter(Boolean);
      points.push(now.length === 0 ? { at } : {
        at,
        connections: sum(now, 'connections'),
        in: sum(now, 'in'),
        out: sum(now, 'out'),
        p99: now.reduce((most, step) => (step.p99Ms === null ? most : Math.max(most ?? 0, step.p99Ms)), null),
      });
    }
    return points;
  }
}

/** The step that covers a time. Gateways do not count in step, so one that is a little older will do. */
function latest(steps, at) {
  for (let t = at; t > at - 2 * STEP; t -= 1) if (steps.has(t)) return steps.get(t);
  return null;
}

const sum = (steps, field) => steps.reduce((total, step) => total + step[field], 0);
