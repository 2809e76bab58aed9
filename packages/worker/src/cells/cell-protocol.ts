/**
 * What supervisor and cell say to each other, over the IPC channel of `child_process` with its advanced serialization: it keeps
 * `undefined`, bigints, bytes and maps as they are, needs no framing of ours, and its end tells each side that the other is gone. No
 * record goes this way: a few small messages per second are all there are.
 */
import type { RawSettings, SettingProblem } from '@sluice/sdk'
import type { ConnectorOffset, TaskId, WorkState } from '../herder/herder.ts'
import type { Measures } from '../operations/measures.ts'
import type { OpenCall } from './call-watch.ts'
import type { TaskProgress } from './inline-host.ts'
import type { WireError } from './wire-error.ts'
import type { ConnectorStart, TaskStart, WorkHost } from './work-host.ts'

/** What a cell has measured, its tasks and connectors. */
export type CellMeasures = Measures

/** What a cell is told to do. It does not answer: what comes of it is told by states, and one that does not hear is found by its pongs. */
export interface CellOrders {
  startConnector: [start: ConnectorStart]
  startTask: [start: TaskStart]
  setTargetState: Parameters<WorkHost['setTargetState']>
}

export type CellOrder = keyof CellOrders

/** What a cell is asked to do, with what it answers. */
export interface CellCalls {
  stopConnector: { args: [connector: string, timeoutMs: number]; answer: boolean }
  stopTasks: { args: [ids: readonly TaskId[], timeoutMs: number]; answer: readonly TaskId[] }
  taskConfigs: { args: [connector: string, tasksMax: number]; answer: readonly RawSettings[] }
  validate: { args: [config: RawSettings, timeoutMs: number]; answer: readonly SettingProblem[] }
  describe: { args: [config: RawSettings]; answer: object }
  alterOffsets: {
    args: [connector: string, config: RawSettings, offsets: readonly ConnectorOffset[]]
    answer: boolean
  }
  progress: { args: [connector: string]; answer: readonly TaskProgress[] }
  metrics: { args: []; answer: CellMeasures }
  /** Tasks, connectors, clients; then the cell ends by itself. */
  stop: { args: [timeoutMs: number]; answer: void }
}

export type CellCall = keyof CellCalls

/** The first thing a cell hears. */
export interface CellBirth {
  readonly type: 'birth'
  /** URL of the module whose `openEnvironment` makes what the work needs. */
  readonly module: string
  readonly given: unknown
  readonly logLevel: LogLevel
  /** So long without a ping: the supervisor is frozen or gone, and others may have its work. */
  readonly silenceMaxMs: number
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface LogLine {
  readonly level: LogLevel
  readonly message: string
  readonly fields: Readonly<Record<string, string | number | boolean | null | undefined>>
}

export type ToCell =
  | CellBirth
  | { readonly type: 'order'; readonly what: CellOrder; readonly args: readonly unknown[] }
  | { readonly type: 'call'; readonly seq: number; readonly what: CellCall; readonly args: readonly unknown[] }
  | { readonly type: 'ping' }
  | { readonly type: 'level'; readonly level: LogLevel }
  /** The answer to what the cell has asked. */
  | { readonly type: 'told'; readonly seq: number; readonly error: WireError | null }

export type FromCell =
  | { readonly type: 'ready' }
  | { readonly type: 'answer'; readonly seq: number; readonly value: unknown; readonly error: WireError | null }
  | Pong
  | { readonly type: 'log'; readonly lines: readonly LogLine[] }
  | {
      readonly type: 'connector'
      readonly connector: string
      readonly state: WorkState
      readonly trace: string | null
      readonly version: string | null
    }
  | {
      readonly type: 'task'
      readonly id: TaskId
      readonly state: WorkState
      readonly trace: string | null
      readonly version: string | null
    }
  | { readonly type: 'reconfiguration'; readonly connector: string }
  | { readonly type: 'topic'; readonly id: TaskId; readonly topic: string }
  /** An exactly once source asks before it writes. */
  | { readonly type: 'fence'; readonly seq: number; readonly connector: string }
  | { readonly type: 'verify'; readonly seq: number; readonly id: TaskId }

/** The cell's event loop turns. */
export interface Pong {
  readonly type: 'pong'
  readonly residentBytes: number
  /** Calls of connectors that have not come back for a second or more. */
  readonly open: readonly OpenCall[]
  /** How long ago a task gave a sign of life; those that did a moment ago are not named. */
  readonly silent: readonly { readonly id: TaskId; readonly silentMs: number }[]
}
