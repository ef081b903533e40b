// When a browser's page or network comes back, or the network goes. Elsewhere nothing of it exists.

/** Calls woken(true) when the network came back, and woken(false) when it is worth looking; returns what ends it. */
export function onWake(woken: (online: boolean) => void): (() => void) | undefined {
  if (typeof document === "undefined") return undefined;
  const ending = new AbortController();
  // A laptop may be wrong about being offline, and a server may be on this machine: a reason to look, not to give up.
  for (const type of ["online", "offline", "pageshow", "visibilitychange"]) {
    addEventListener(type, () => (type === "online" || !document.hidden) && woken(type === "online"), { signal: ending.signal });
  }
  return () => ending.abort();
}
