import { Readable } from 'node:stream'
import { describeError, systemClock, type Clock } from '@sluice/sdk'
import type { Terminal } from '../../src/command-line/declaration.ts'
import { declared } from '../../src/command-line/declared-command.ts'
import { exitStatusOf } from '../../src/command-line/exit-status.ts'
import { commands } from '../../src/commands/index.ts'

export interface Run {
  readonly status: number
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly stdin?: string
  readonly env?: Readonly<Record<string, string>>
  readonly clock?: Clock
  readonly isInteractive?: boolean
  readonly signal?: AbortSignal
}

/** A terminal in memory. */
export function testTerminal({
  stdin = '',
  env = {},
  clock = systemClock,
  isInteractive = false,
}: RunOptions = {}): Terminal & {
  readonly said: { out: string; err: string }
} {
  const said = { out: '', err: '' }
  return {
    said,
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    isInteractive,
    clock,
    env,
    stdin: () => Readable.from([Buffer.from(stdin)]),
  }
}

/** Runs a declared command as main.ts does, in this process. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const terminal = testTerminal(options)
  const [name, ...rest] = args
  const { node } = commands.find((command) => command.name === name)!
  try {
    const status = await declared(node, () => terminal).run(rest, options.signal ?? new AbortController().signal)
    return { status, ...terminal.said }
  } catch (error) {
    return { status: exitStatusOf(error), out: terminal.said.out, err: terminal.said.err + describeError(error) }
  }
}
