/** Closes each, whatever one of them throws. @throws what the first one has thrown, after all of that */
export function closeAll(closers: readonly (() => void)[]): void {
  const failures: unknown[] = []
  for (const close of closers) {
    try {
      close()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}
