/** How long a condition may take: far longer than it should, because the machine may be busy. */
export const PATIENCE_MS = 30_000;

/** Waits until get() gives something true, and returns it. */
export async function until(get, what, patienceMs = PATIENCE_MS) {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const value = await get();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited ${patienceMs} ms in vain for: ${what}`);
    await new Promise((resume) => setTimeout(resume, 5));
  }
}
