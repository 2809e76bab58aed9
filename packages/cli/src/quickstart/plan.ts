/** What a quickstart run consists of: names, places and settings, all derived from the command line. Nothing here does anything. */
import path from 'node:path'
import type { RawSettings } from '@sluice/sdk'

export interface QuickstartPlan {
  readonly dir: string
  /** The data set's name: of its topics (`<dataset>.raw` …) and, behind a `file:` URL, of its table. */
  readonly dataset: string
  readonly file: string
  readonly topics: { readonly raw: string; readonly clean: string; readonly quarantine: string }
  readonly tableDir: string
  readonly processor: { readonly module: string; readonly application: string; readonly settings: RawSettings }
  readonly worker: RawSettings
  readonly source: RawSettings
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
  /** The schema of the clean topic, as JsonConverter's `schema.content`. */
  readonly cleanSchema: string
}

/** `<dataset>.raw | .clean | .quarantine` */
export function topicsOf(dataset: string): QuickstartPlan['topics'] {
  return { raw: `${dataset}.raw`, clean: `${dataset}.clean`, quarantine: `${dataset}.quarantine` }
}

export function makePlan({ dir, dataset, file, key, processor, cleanSchema }: PlanParts): QuickstartPlan {
  const topics = topicsOf(dataset)
  const lake = path.join(dir, 'lake')
  return {
    dir,
    dataset,
    file,
    topics,
    tableDir: path.join(lake, dataset),
    processor: { module: processor.module, application: `${dataset}-processor`, settings: processor.settings },
    worker: {
      'group.id': `${dataset}-connect`,
      listeners: 'http://127.0.0.1:0',
      'key.converter': 'StringConverter',
      'value.converter': 'JsonConverter',
      'value.converter.schemas.enable': 'false',
      'header.converter': 'StringConverter',
      // Each data set is a cluster of its own, so that a run starts what it needs and nothing else.
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
      // Two connectors and no more: nobody needs a process that is started ahead.
      'cell.spares': '0',
    },
    source: {
      name: `${dataset}-source`,
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
