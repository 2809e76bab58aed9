/** Stores answer in tens of milliseconds and take many requests at a time; memory does not take all of them. */
const AT_A_TIME = 8

/** Does the work for all, a few at a time. When some fails, what is under way is waited for first. @throws what failed first */
export async function fewAtATime<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items]
  const failures: unknown[] = []
  const lane = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined && failures.length === 0; item = waiting.shift()) {
      try {
        await work(item)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_A_TIME, waiting.length) }, lane))
  if (failures.length > 0) throw failures[0]
}
