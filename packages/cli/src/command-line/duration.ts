const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, '': 1000 }

/** Milliseconds of `500ms`, `30s`, `2m`, `1h`, or of seconds without a unit; undefined for anything else. */
export function durationMs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|)$/.exec(text.trim())
  return match === null ? undefined : Math.round(Number(match[1]) * UNITS[match[2]!]!)
}
