import type { Clock } from '@sluice/sdk'

/** A clock that stands still until it is set. */
export function clockAt(now: number): Clock & { set(now: number): void; asked: number } {
  let time = now
  return {
    asked: 0,
    now() {
      this.asked++
      return time
    },
    monotonic: () => time,
    sleep: () => Promise.resolve(),
    set(next: number) {
      time = next
    },
  }
}
