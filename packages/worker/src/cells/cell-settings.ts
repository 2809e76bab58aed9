/** Settings of a worker about its cells. */
import { atLeast, between, defineSettings, oneOf, type RawSettings } from '@sluice/sdk'
import type { CellHostOptions } from './cell-host.ts'

/** The longest wait there is: timers take no more. Some 24 days. */
const WAIT_MAX_MS = 2_147_483_647

/** Declared by each mode with its own default. */
export const isolationSetting = {
  type: 'string',
  validator: oneOf('connector', 'shared', 'inline'),
  importance: 'medium',
  documentation:
    "Where connectors run that do not say so themselves. connector: each in a process of its own; shared: together in one; inline: in the worker's.",
} as const

export const cellSettings = defineSettings(
  {
    'cell.heartbeat.interval.ms': {
      type: 'int',
      default: 1_000,
      validator: between(10, WAIT_MAX_MS),
      importance: 'low',
      documentation: 'How often a cell is asked for a sign of life.',
    },
    'cell.stall.warn.ms': {
      type: 'int',
      default: 5_000,
      validator: between(1, WAIT_MAX_MS),
      importance: 'low',
      documentation:
        'After so long without one the log says that the event loop of a cell stands still, and in whose code.',
    },
    'cell.stall.timeout.ms': {
      type: 'int',
      default: 30_000,
      validator: between(1, WAIT_MAX_MS),
      importance: 'medium',
      documentation:
        'After so long the cell is ended and started again. Modules that take longer to load, without a pause, need more.',
    },
    'cell.memory.max.bytes': {
      type: 'long',
      default: 1_073_741_824,
      validator: atLeast(134_217_728),
      importance: 'medium',
      documentation:
        'Resident memory of a cell above which it is ended and started again. Its JavaScript heap may have half of it.',
    },
    'cell.stuck.warn.ms': {
      type: 'int',
      default: 60_000,
      validator: between(1, WAIT_MAX_MS),
      importance: 'low',
      documentation: 'A call of a connector that has not come back for so long is told of in the log.',
    },
    'cell.request.timeout.ms': {
      type: 'int',
      default: 30_000,
      validator: between(1, WAIT_MAX_MS),
      importance: 'low',
      documentation:
        'How long a connector may take to make task configs, to validate, and to look at offsets; and a processor, before it is deployed, to be loaded and to make its topology. rest.request.timeout.ms is to be longer.',
    },
    'cell.shared.connectors.max': {
      type: 'int',
      default: 100,
      validator: atLeast(1),
      importance: 'low',
      documentation: 'Most connectors of a shared cell; the next one begins another.',
    },
    'cell.spares': {
      type: 'int',
      default: null,
      validator: atLeast(0),
      importance: 'low',
      documentation:
        'Cells that are started ahead, once the first has been needed, with their modules loaded and their way to Kafka open: a connector then is RUNNING some 50 ms after it was created, not a quarter of a second and more. Each takes some 30 MiB. Not given: one where each connector has its own cell, else none.',
    },
  },
  {
    *check(settings) {
      if (settings['cell.stall.timeout.ms'] <= settings['cell.heartbeat.interval.ms'])
        yield {
          setting: 'cell.stall.timeout.ms',
          message: 'cell.stall.timeout.ms must be more than cell.heartbeat.interval.ms: several times it is usual',
        }
    },
  },
)

/** What they come to. @throws SluiceError SETTINGS_INVALID */
export function cellOptions(
  raw: RawSettings,
): Pick<CellHostOptions, 'watch' | 'sharedMax' | 'spareCells'> & { readonly requestTimeoutMs: number } {
  const settings = cellSettings.parse(raw)
  const spares = settings['cell.spares']
  return {
    watch: {
      heartbeatIntervalMs: settings['cell.heartbeat.interval.ms'],
      stallWarnMs: settings['cell.stall.warn.ms'],
      stallMaxMs: settings['cell.stall.timeout.ms'],
      memoryMaxBytes: settings['cell.memory.max.bytes'],
      stuckWarnMs: settings['cell.stuck.warn.ms'],
    },
    requestTimeoutMs: settings['cell.request.timeout.ms'],
    sharedMax: settings['cell.shared.connectors.max'],
    ...(spares === null ? {} : { spareCells: spares }),
  }
}
