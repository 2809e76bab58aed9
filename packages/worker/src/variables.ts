/**
 * Variables in settings (KIP-297): `${provider:path:key}` or `${provider:key}`, read as Java's `ConfigTransformer` reads them: provider,
 * path and key are the shortest texts that fit, up to the next brace. In one pass: settings come from anybody.
 */

export interface Variable {
  readonly provider: string
  /** Empty where there is none. */
  readonly path: string
  readonly key: string
}

/** The text with each variable replaced by what `replacement` says; undefined leaves it as it is. */
export function replaceVariables(text: string, replacement: (variable: Variable) => string | undefined): string {
  let replaced = ''
  let done = 0
  for (const { start, end, variable } of variablesIn(text)) {
    const value = replacement(variable)
    if (value === undefined) continue
    replaced += text.slice(done, start) + value
    done = end
  }
  return done === 0 ? text : replaced + text.slice(done)
}

export function hasVariable(text: string): boolean {
  return !variablesIn(text).next().done
}

function* variablesIn(
  text: string,
): Generator<{ readonly start: number; readonly end: number; readonly variable: Variable }> {
  for (let start = text.indexOf('${'); start !== -1; start = text.indexOf('${', start)) {
    const close = text.indexOf('}', start)
    if (close === -1) return
    const variable = parse(text.slice(start + 2, close))
    if (variable !== undefined) yield { start, end: close + 1, variable }
    start = close + 1
  }
}

function parse(inner: string): Variable | undefined {
  const first = inner.indexOf(':')
  if (first === -1) return undefined
  const second = inner.indexOf(':', first + 1)
  const [path, key] =
    second === -1 ? ['', inner.slice(first + 1)] : [inner.slice(first + 1, second), inner.slice(second + 1)]
  return { provider: inner.slice(0, first), path, key }
}
