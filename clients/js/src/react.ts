/**
 * React hooks for Starling. They join when a component appears and leave when the last one that uses the channel is gone.
 *
 * @packageDocumentation
 */

import {
  createContext,
  createElement,
  type FunctionComponentElement,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useLayoutEffect,
  useRef,
  useSyncExternalStore,
} from "react";
import type { Channel } from "./channel.js";
import type { RefusedError } from "./errors.js";
import type { Starling } from "./starling.js";
import type { ChannelEvents, ChannelState, PresenceMode, Published, PublishOptions, Sent, Status } from "./types.js";

// A component that goes and comes back at once, as under StrictMode or between two pages, must not leave meanwhile.
const LINGER_MS = 100;

const Context = createContext<Starling<any> | null>(null);

/** Gives the client to the hooks below it. It neither connects nor closes it. */
export function StarlingProvider({ client, children }: { client: Starling<any>; children?: ReactNode }): FunctionComponentElement<any> {
  return createElement(Context.Provider, { value: client }, children);
}

/** The client of the StarlingProvider above. */
export function useStarling<E extends object = Record<string, any>>(): Starling<E> {
  const client = useContext(Context);
  if (!client) throw new Error("there is no StarlingProvider above this component");
  return client;
}

/** The state of the connection. */
export function useStatus(): Status {
  const client = useStarling();
  return useSyncExternalStore(
    useCallback((changed) => client.on("status", changed), [client]),
    () => client.status,
    () => client.status,
  );
}

/** Listeners by event; `gap`, `join` and `error` are the channel's own. They may change with each rendering. */
export type Handlers<E extends object> = {
  [K in keyof E & string]?: (payload: E[K], event: Published<E[K], K>) => void;
} & { [K in keyof ChannelEvents]?: (event: ChannelEvents[K]) => void };

export interface ChannelOptions<E extends object> {
  /** What to hear of the others. Of several components the one that wants most decides. Default: full. */
  presence?: PresenceMode;
  on?: Handlers<E>;
}

export interface UsedChannel<E extends object> {
  /** Null when the name is. */
  channel: Channel<E> | null;
  state: ChannelState;
  /** Why the state is `refused`. */
  error: RefusedError | undefined;
  /** As the channel's; always the same function for the same name. */
  publish<K extends keyof E & string>(type: K, payload: E[K], options?: PublishOptions): Promise<{ mid: string }>;
}

/** Is in the channel while the component is there. A name of null is in none. */
export function useChannel<E extends object = Record<string, any>>(
  name: string | null,
  { presence = "full", on }: ChannelOptions<E> = {},
): UsedChannel<E> {
  const channel = useJoined<E>(name, presence);
  useHandlers(channel, on);
  const state = useSyncExternalStore(
    useCallback((changed) => channel?.onState(changed) ?? nothing, [channel]),
    () => channel?.state ?? "left",
    () => "left" as const,
  );
  const publish = useCallback<UsedChannel<E>["publish"]>(
    (...args) => channel?.publish(...args) ?? Promise.reject(new Error("there is no channel: its name is null")),
    [channel],
  );
  return { channel, state, error: channel?.error, publish };
}

/** Listens to what a backend sends to this member on all its devices. Handlers may change with each rendering. */
export function useDirect<E extends object = any>(on: { [K in keyof E & string]?: (payload: E[K], event: Sent<E[K], K>) => void }): void {
  useHandlers(useStarling().direct, on);
}

/** Who is in the channel: the component is in it, too. `size` counts those who are not listed as well. */
export function usePresence(name: string | null): { members: readonly string[]; size: number; truncated: boolean } {
  const channel = useJoined(name, "full");
  const subscribe = useCallback((changed: () => void) => channel?.presence.on("change", changed) ?? nothing, [channel]);
  const members = useSyncExternalStore(subscribe, () => channel?.presence.members ?? NOBODY, () => NOBODY);
  const size = useSyncExternalStore(subscribe, () => channel?.presence.size ?? 0, () => 0);
  return { members, size, truncated: size > members.length };
}

/** Who types in the channel, and ways to say that this member does: `start` for each key, `stop` when the text is sent. */
export function useTyping(name: string | null): { members: readonly string[]; start(idleMs?: number): void; stop(): void } {
  const channel = useJoined(name, "full");
  const members = useSyncExternalStore(
    useCallback((changed) => channel?.typing.on("change", changed) ?? nothing, [channel]),
    () => channel?.typing.members ?? NOBODY,
    () => NOBODY,
  );
  const start = useCallback((idleMs?: number) => channel?.typing.start(idleMs), [channel]);
  const stop = useCallback(() => channel?.typing.stop(), [channel]);
  // Who goes while typing does not type any more.
  useEffect(() => stop, [stop]);
  return { members, start, stop };
}

const NOBODY: readonly string[] = [];
const nothing = () => {};
// On a server effects do not run, and React warns of this one.
const useLayoutOnClient = typeof document === "undefined" ? useEffect : useLayoutEffect;

/** Calls these handlers as long as the component is there. */
function useHandlers(source: { on(type: any, listener: any): () => void } | null, on: object | undefined): void {
  const handlers = useRef<any>(on);
  useLayoutOnClient(() => {
    handlers.current = on;
  });
  // Only which events there are matters here: the newest handler is looked up when one comes.
  const types = JSON.stringify(Object.keys(on ?? {}));
  useEffect(() => {
    const ends = source && (JSON.parse(types) as string[]).map((type) =>
      source.on(type, (...args: unknown[]) => handlers.current?.[type]?.(...args)),
    );
    return () => ends?.forEach((end) => end());
  }, [source, types]);
}

function useJoined<E extends object>(name: string | null, presence: PresenceMode): Channel<E> | null {
  const client = useStarling<any>();
  const channel = name === null ? null : (client.channel(name) as Channel<any>);
  useEffect(() => (channel ? hold(channel, presence) : undefined), [channel, presence]);
  return channel;
}

/** How many components use a channel, by what they want to hear. */
interface Holders {
  counts: Record<PresenceMode, number>;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** It was joined here, not by the program: then it is also left here. */
  ours: boolean;
}

const held = new WeakMap<Channel<any>, Holders>();

function hold(channel: Channel<any>, presence: PresenceMode): () => void {
  let holders = held.get(channel);
  if (!holders) held.set(channel, (holders = { counts: { full: 0, count: 0, none: 0 }, timer: undefined, ours: channel.state === "left" }));
  const { counts } = holders;
  counts[presence] += 1;
  settle(channel, holders);
  return () => {
    counts[presence] -= 1;
    clearTimeout(holders.timer);
    holders.timer = setTimeout(() => settle(channel, holders), LINGER_MS);
  };
}

/** Joins as the one that wants most does, or leaves after the last one. */
function settle(channel: Channel<any>, { counts, timer, ours }: Holders): void {
  clearTimeout(timer);
  const presence = (["full", "count", "none"] as const).find((mode) => counts[mode] > 0);
  if (!presence) held.delete(channel);
  if (!ours) return;
  if (!presence) void channel.leave();
  else void channel.join({ presence });
}
