// Listeners by the name of what they listen to.

import type { Frame } from "./types.js";

type Listener = (...args: any[]) => void;

/** What tells of events. E names them, and what each comes with. */
export class Emitter<E extends object> {
  #listeners = new Map<keyof E, Set<Listener>>();

  /** Calls the listener on each such event until the returned function is called. */
  on<K extends keyof E>(type: K, listener: (event: E[K]) => void): () => void {
    const set = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, set.add(listener));
    return () => {
      set.delete(listener);
    };
  }

  /**
   * Tells all listeners, and reports whether there are any. One that throws hinders no other one, and its error is reported as
   * one that nobody caught. @internal
   */
  _emit(type: keyof E, ...args: unknown[]): boolean {
    const listeners = [...(this.#listeners.get(type) ?? [])];
    for (const listener of listeners) {
      try {
        listener(...args);
      } catch (err) {
        queueMicrotask(() => {
          throw err;
        });
      }
    }
    return listeners.length > 0;
  }

  /** Somebody's event: for those who listen to its type, and for those who listen to all. @internal */
  _event(frame: Frame): void {
    for (const type of new Set([frame.type, "*"])) this._emit(type as keyof E, frame.payload, frame);
  }
}
