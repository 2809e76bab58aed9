const EVERY_MS = 50

/** Waits until `holds` says so (or what it promises does); a throw of it counts as "not yet". */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  deadlineMs = 60_000,
): Promise<void> {
  const until = Date.now() + deadlineMs
  let failure: unknown
  while (Date.now() < until) {
    try {
      if (await holds()) return
      failure = undefined
    } catch (error) {
      failure = error
    }
    await new Promise((resolve) => void setTimeout(resolve, EVERY_MS))
  }
  throw new Error(`Within ${deadlineMs} ms it did not come to pass that ${what}`, { cause: failure })
}
