import { systemClock } from '@sluice/sdk'

/** Waits until something is so, looking often; says what it waited for when the time is over. */
export async function eventually(what: string, isSo: () => unknown, timeoutMs = 15_000): Promise<void> {
  const until = performance.now() + timeoutMs
  for (;;) {
    if (await isSo()) return
    if (performance.now() > until) throw new Error(`Not within ${timeoutMs} ms: ${what}`)
    await systemClock.sleep(5)
  }
}
