/** A command as it is declared: its arguments are read, its help, its page and its completion are written by this alone. */
import type { Clock } from '@sluice/sdk'

/** What is completed where a shell asks. `connector`, `processor`, `plugin`, `logger`: the names that the worker has. */
export type Completes = 'file' | 'connector' | 'processor' | 'plugin' | 'logger' | 'context'

export interface OptionDeclaration {
  /** flag: there or not; duration: `500ms`, `30s`, `2m`, or seconds; it is given in milliseconds. */
  readonly type: 'flag' | 'text' | 'number' | 'duration'
  /** One letter. */
  readonly short?: string
  /** How help calls its value. */
  readonly value?: string
  readonly isRepeated?: true
  /** `--wait` and `--wait=STATE`: without a value it is ''. */
  readonly isValueOptional?: true
  readonly choices?: readonly string[]
  /** Also whatever begins with this, in help with `…` behind it. */
  readonly otherwise?: string
  /** Of a number. */
  readonly max?: number
  readonly completes?: Completes
  /** Where it comes from when it is not given. */
  readonly env?: string
  /** Whether contexts of the configuration file have it, too. */
  readonly isInContext?: true
  /** Text as it would be given; help tells it. */
  readonly default?: string
  readonly documentation: string
}

export type Options = Readonly<Record<string, OptionDeclaration>>

export interface Operand {
  readonly name: string
  readonly isOptional?: true
  /** The last one alone. */
  readonly isRepeated?: true
  readonly choices?: readonly string[]
  readonly completes?: Completes
  readonly documentation: string
}

type ValueOf<D> = D extends { readonly type: 'flag' }
  ? boolean
  : D extends { readonly type: 'number' | 'duration' }
    ? D extends { readonly default: string }
      ? number
      : number | undefined
    : D extends { readonly isRepeated: true }
      ? readonly string[]
      : D extends { readonly default: string }
        ? string
        : string | undefined

export type Values<O extends Options> = { readonly [K in keyof O]: ValueOf<O[K]> }

/** Where a command reads and writes; tests give their own. */
export interface Terminal {
  out(text: string): void
  err(text: string): void
  /** Whether a person sees what goes to `err`: progress is told only then. */
  readonly isInteractive: boolean
  readonly clock: Clock
  readonly env: Readonly<Record<string, string | undefined>>
  stdin(): AsyncIterable<Uint8Array>
}

export interface Given<O extends Options> {
  readonly values: Values<O>
  readonly operands: readonly string[]
  readonly signal: AbortSignal
  readonly terminal: Terminal
}

export interface Leaf<O extends Options = Options> {
  readonly name: string
  /** One line. */
  readonly summary: string
  readonly operands?: readonly Operand[]
  readonly options: O
  readonly details?: string
  /** Lines without the leading `sluice`. */
  readonly examples?: readonly string[]
  /** It runs until it is interrupted, and may run what others wrote. */
  readonly isServer?: true
  /** It only shows what there is, perhaps without end: when nobody reads that any more, it ends. Others do what they were told to. */
  readonly endsUnread?: true
  /** Of an error that `run` throws, where it is not that of exit-status.ts; for commands that are in no group. */
  exitStatus?(error: unknown): number
  /** Resolves to the exit status. */
  run(given: Given<O>): Promise<number>
}

export interface Group {
  readonly name: string
  readonly summary: string
  readonly commands: readonly CommandNode[]
}

/** A leaf with its types forgotten, as parsing and help look at it. */
export type AnyLeaf = Omit<Leaf, 'run'> & { run(given: Given<never>): Promise<number> }

export type CommandNode = AnyLeaf | Group

/** Keeps the types of options between the declaration and `run`. */
export function leaf<const O extends Options>(declaration: Leaf<O>): AnyLeaf {
  return declaration
}

export function isGroup(node: CommandNode): node is Group {
  return 'commands' in node
}
