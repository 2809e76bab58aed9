import type { FixedWindows } from '../../src/windows/window.ts'

/** Every window that holds a time, as [start, end]. */
export function windowsOf(windows: FixedWindows, timestamp: number): number[][] {
  const found = []
  for (let start = windows.firstStart(timestamp); start <= timestamp; start = windows.nextStart(start))
    found.push([start, windows.endOf(start)])
  return found
}
