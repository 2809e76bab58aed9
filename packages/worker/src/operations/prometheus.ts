/** Metrics in Prometheus' text format 0.0.4. */

export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/**
 * @param values `name{label="value"}` → value, as `MemoryMetrics.snapshot()` gives them. Names that end in `_total` are counters.
 * @param documentation what a name says, for whom there is something to say
 */
export function prometheusText(
  values: ReadonlyMap<string, number>,
  documentation: ReadonlyMap<string, string> = new Map(),
): string {
  const families = new Map<string, string[]>()
  for (const [key, value] of values) {
    const brace = key.indexOf('{')
    const name = brace === -1 ? key : key.slice(0, brace)
    const labels = brace === -1 ? '' : plainLabels(key.slice(brace))
    const lines = families.get(name) ?? []
    lines.push(`${name}${labels} ${numberText(value)}`)
    families.set(name, lines)
  }
  return [...families]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, lines]) => `${helpLine(name, documentation)}# TYPE ${name} ${typeOf(name)}\n${lines.join('\n')}\n`)
    .join('')
}

function helpLine(name: string, documentation: ReadonlyMap<string, string>): string {
  const text = documentation.get(name)
  return text === undefined ? '' : `# HELP ${name} ${text}\n`
}

function typeOf(name: string): string {
  return name.endsWith('_total') ? 'counter' : 'gauge'
}

function plainLabels(labels: string): string {
  return labels.includes('\\') ? labels.replaceAll(/\\(?:u([0-9a-f]{4})|(.))/g, plainEscape) : labels
}

/** JSON's escapes in a label's value become those that Prometheus knows: `\\`, `\"` and `\n`. */
function plainEscape(escape: string, code: string | undefined, char: string | undefined): string {
  if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16))
  return char === '\\' || char === '"' || char === 'n' ? escape : (JSON.parse(`"${escape}"`) as string)
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}
