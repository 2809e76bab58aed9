/** `--watch`: what is listed is looked at again and again, and rows that are new or have changed are printed. */
import type { Options, Terminal, Values } from '../command-line/declaration.ts'
import { isDocument, type Listing, type OutputValues, print, tableText } from './output.ts'

export const watchOptions = {
  watch: { type: 'flag', short: 'w', documentation: 'Go on, and print what changes, until it is interrupted' },
  interval: { type: 'duration', value: 'TIME', default: '2s', documentation: 'With --watch: how often to look' },
} as const satisfies Options

export type WatchValues = Values<typeof watchOptions>

export async function printOrWatch<R>(
  load: () => Promise<Listing<R>>,
  values: OutputValues & WatchValues,
  { terminal, signal }: { readonly terminal: Terminal; readonly signal: AbortSignal },
): Promise<number> {
  const first = await load()
  await print(first, values, terminal)
  if (!values.watch) {
    if (first.rows.length === 0 && (values.output === 'table' || values.output === 'wide'))
      terminal.err('There are none.\n')
    return 0
  }
  let shown = textsOf(first)
  for (;;) {
    await terminal.clock.sleep(Math.max(100, values.interval), signal)
    if (signal.aborted) return 0
    const next = await load().catch((error: unknown) => {
      if (signal.aborted) return undefined
      throw error
    })
    if (next === undefined) return 0
    const texts = textsOf(next)
    const rows = next.rows.filter((row) => shown.get(next.name(row)) !== texts.get(next.name(row)))
    const gone = [...shown.keys()].filter((name) => !texts.has(name))
    if (isDocument(values.output)) {
      if (rows.length > 0 || gone.length > 0) await print(next, values, terminal)
    } else if (rows.length > 0) await print({ ...next, rows }, { ...values, 'no-headers': true }, terminal)
    for (const name of gone) terminal.err(`${name} is gone\n`)
    shown = texts
  }
}

function textsOf<R>(listing: Listing<R>): ReadonlyMap<string, string> {
  const { rows, columns } = listing
  return new Map(
    rows.map((row) => [listing.name(row), tableText({ rows: [row], columns }, { isWide: true, hasHeadings: false })]),
  )
}
