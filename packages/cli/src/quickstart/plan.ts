/** What a quickstart run consists of: names, places and settings, all derived from the command line. Nothing here does anything. */
import path from 'node:path'
import type { RawSettings } from '@sluice/sdk'

export interface QuickstartPlan {
  readonly dir: string
  /** The data set's name: of its topics (`<dataset>.raw` …) and of its table. */
  readonly dataset: string
  readonly file: string
  readonly topics: { readonly raw: string; readonly clean: string; readonly quarantine: string }
  /** Where the table is: a folder below `dir`, or a URL. */
  readonly table: string
  readonly processor: { readonly module: string; readonly application: string; readonly settings: RawSettings }
  readonly worker: RawSettings
  readonly source: RawSettings
  /** The names of those that have read other files into the data set before. */
  readonly earlierSources: readonly string[]
  readonly sink: RawSettings
}

export const PARTITIONS = 3

interface PlanParts {
  readonly dir: string
  readonly dataset: string
  readonly file: string
  /** The column that becomes the record's key: equal keys meet in one partition. */
  readonly key: string
  readonly processor: { readonly module: string; readonly settings: RawSettings }
  /** Where the table is to be, as `s3://bucket/prefix`. Default: below `dir`. */
  readonly s3?: string | undefined
  /** How many files were read into the data set before this one. */
  readonly filesBefore?: number
  /** The schema of the clean topic, as JsonConverter's `schema.content`. */
  readonly cleanSchema: string
}

/** `<dataset>.raw | .clean | .quarantine` */
export function topicsOf(dataset: string): QuickstartPlan['topics'] {
  return { raw: `${dataset}.raw`, clean: `${dataset}.clean`, quarantine: `${dataset}.quarantine` }
}

/** A file's source: the first one of a data set has no number. */
function sourceName(dataset: string, number: number): string {
  return number === 1 ? `${dataset}-source` : `${dataset}-source-${number}`
}

/** Each data set is a cluster of its own, so that a run starts what it needs and nothing else. */
export function workerOf(dataset: string): RawSettings {
  return {
    'group.id': `${dataset}-connect`,
    listeners: 'http://127.0.0.1:0',
    'key.converter': 'StringConverter',
    'value.converter': 'JsonConverter',
    'value.converter.schemas.enable': 'false',
    'header.converter': 'StringConverter',
    'config.storage.topic': `${dataset}.connect-configs`,
    'config.storage.replication.factor': '1',
    'status.storage.topic': `${dataset}.connect-status`,
    'status.storage.partitions': '1',
    'status.storage.replication.factor': '1',
    'offset.storage.topic': 'sluice-positions',
    'offset.storage.partitions': '1',
    'offset.storage.replication.factor': '1',
    'offset.flush.interval.ms': '500',
    'scheduled.rebalance.max.delay.ms': '0',
    // What runs is known: nobody needs a process that is started ahead.
    'cell.spares': '0',
  }
}

export function makePlan({ filesBefore = 0, ...parts }: PlanParts): QuickstartPlan {
  const { dir, dataset, file, key, processor, cleanSchema, s3 } = parts
  const topics = topicsOf(dataset)
  const lake = s3 ?? path.join(dir, 'lake')
  return {
    dir,
    dataset,
    file,
    topics,
    table: s3 === undefined ? path.join(lake, dataset) : `${s3}/${dataset}`,
    processor: { module: processor.module, application: `${dataset}-processor`, settings: processor.settings },
    worker: workerOf(dataset),
    earlierSources: Array.from({ length: filesBefore }, (_, i) => sourceName(dataset, i + 1)),
    source: {
      name: sourceName(dataset, filesBefore + 1),
      'connector.class': 'file-source',
      // A failure ends the run, which tells why.
      'restart.enable': 'false',
      file,
      topic: topics.raw,
      format: 'csv',
      'last.line': 'read',
      'key.field': key,
      'errors.tolerance': 'all',
      'errors.log.enable': 'true',
      'errors.log.include.messages': 'true',
      'errors.deadletterqueue.topic.name': topics.quarantine,
      'errors.deadletterqueue.topic.replication.factor': '-1',
      'errors.deadletterqueue.context.headers.enable': 'true',
    },
    sink: {
      name: `${dataset}-lake`,
      'connector.class': 'lake',
      'restart.enable': 'false',
      topics: topics.clean,
      'lake.url': lake,
      'table.name': dataset,
      'kafka.coordinates': 'true',
      // Small commits, so that the table has a history to look at.
      'flush.size': '2000',
      'rotate.interval.ms': '1000',
      'value.converter': 'JsonConverter',
      'value.converter.schemas.enable': 'true',
      'value.converter.schema.content': cleanSchema,
      'errors.tolerance': 'all',
      'errors.log.enable': 'true',
      'errors.log.include.messages': 'true',
      'errors.deadletterqueue.topic.name': topics.quarantine,
      'errors.deadletterqueue.topic.replication.factor': '-1',
      'errors.deadletterqueue.context.headers.enable': 'true',
    },
  }
}

/** A table and topic name made of a file's name: `My Orders (2).csv` → `my_orders_2`. */
export function datasetName(file: string): string {
  const name = path
    .basename(file, path.extname(file))
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '')
  return name === '' ? 'my_file' : name
}
