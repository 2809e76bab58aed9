/** What the tour consists of: names, places and settings. Nothing here does anything. */
import path from 'node:path'
import { delaysSchemaJson } from '@sluice/processor-flights'
import type { RawSettings } from '@sluice/sdk'
import { workerOf } from '../plan.ts'
import { dataFile } from '../data-file.ts'

export const TOPICS = {
  flights: 'flights.raw',
  airports: 'airports.raw',
  clean: 'flights.clean',
  delays: 'flights.delays',
  late: 'flights.late',
  quarantine: 'flights.quarantine',
} as const

/**
 * Of each topic. The order of reports says which of them is late: of several partitions one would be read faster than another, and months
 * of reports that are read in a second would be late by months.
 */
export const PARTITIONS = 1
/** The name of the processor, of its application and so of its group. */
export const PROCESSOR = 'flights'
/** Made by the processor: flights by the state that they leave. */
export const REPARTITIONED = `${PROCESSOR}-by-state-repartition`
export const TABLE = 'flights_delays'

export interface TourPlan {
  readonly dir: string
  /** Where the reports are written, in their order. */
  readonly reports: string
  readonly table: string
  readonly worker: RawSettings
  readonly sources: { readonly airports: RawSettings; readonly flights: RawSettings }
  readonly processor: RawSettings
  readonly sink: RawSettings
}

export function tourPlan(dir: string): TourPlan {
  const reports = path.join(dir, 'flights.ndjson')
  const lake = path.join(dir, 'lake')
  const read = { 'connector.class': 'file-source', 'restart.enable': 'false', 'last.line': 'read' }
  return {
    dir,
    reports,
    table: path.join(lake, TABLE),
    worker: workerOf('flights'),
    sources: {
      airports: {
        ...read,
        name: 'airports-source',
        file: dataFile('airports.csv'),
        topic: TOPICS.airports,
        format: 'csv',
        'key.field': 'iata',
      },
      flights: {
        ...read,
        name: 'flights-source',
        file: reports,
        topic: TOPICS.flights,
        format: 'ndjson',
        'key.field': 'origin',
      },
    },
    processor: {
      'processor.class': 'flights',
      'processing.guarantee': 'exactly_once_v2',
      'state.dir': path.join(dir, 'state'),
    },
    sink: {
      name: 'flights-lake',
      'connector.class': 'lake',
      'restart.enable': 'false',
      topics: TOPICS.delays,
      'lake.url': lake,
      'table.name': TABLE,
      'flush.size': '1000',
      'rotate.interval.ms': '500',
      'consumer.override.isolation.level': 'read_committed',
      'value.converter': 'JsonConverter',
      'value.converter.schemas.enable': 'true',
      'value.converter.schema.content': delaysSchemaJson,
    },
  }
}
