/** Commands of `sluice` in this process, with what they write and how they end. */
import { Readable } from 'node:stream'
import { commands, declared, type Terminal } from '@sluice/cli'
import { describeError, systemClock } from '@sluice/sdk'

const COMMAND_MS = 60_000

export interface Run {
  readonly status: number
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** All of it, or what comes by and by. */
  readonly stdin?: string | Readable
  readonly signal?: AbortSignal
}

export async function sluiceCommand(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const said = { out: '', err: '' }
  const { stdin = '' } = options
  const terminal: Terminal = {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    isInteractive: false,
    clock: systemClock,
    env: options.env ?? {},
    stdin: () => (typeof stdin === 'string' ? Readable.from([Buffer.from(stdin)]) : stdin),
  }
  const [name, ...rest] = args
  const { node } = commands.find((candidate) => candidate.name === name)!
  const command = declared(node, () => terminal)
  const signal = AbortSignal.any([
    AbortSignal.timeout(COMMAND_MS),
    ...(options.signal === undefined ? [] : [options.signal]),
  ])
  try {
    return { status: await command.run(rest, signal), ...said }
  } catch (error) {
    return { status: command.exitStatus(error), out: said.out, err: `${said.err}${describeError(error)}\n` }
  }
}
