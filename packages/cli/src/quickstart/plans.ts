/** The two runs there are: the bird strikes, and anybody's CSV file. */
import { readHeadings } from '@sluice/connector-file'
import { birdStrikeSchemaJson } from '@sluice/processor-bird-strikes'
import { columnsOf, rowSchemaJsonOf } from '@sluice/processor-csv-rows'
import { DataError } from '@sluice/sdk'
import { datasetName, makePlan, topicsOf, type QuickstartPlan } from './plan.ts'
import { filesBeforeThis } from './settings-files.ts'

export interface PlannedRun {
  readonly plan: QuickstartPlan
  /** What DuckDB is asked in the end. */
  readonly query: string
}

export interface PlanOptions {
  /** Where the table is to be, as `s3://bucket/prefix`. Default: below the folder. */
  readonly s3?: string | undefined
  /** The data set that the file goes into. Default: one of its own, called as the file is. */
  readonly into?: string | undefined
}

/** @param key undefined: the file is the FAA's bird strikes */
export async function planFor(
  dir: string,
  file: string,
  key: string | undefined,
  options: PlanOptions = {},
): Promise<PlannedRun> {
  return key === undefined ? planBirdStrikes(dir, file, options) : planOwnFile(dir, file, key, options)
}

function planBirdStrikes(dir: string, file: string, { s3 }: PlanOptions): PlannedRun {
  const dataset = 'bird_strikes'
  const topics = topicsOf(dataset)
  const processor = {
    module: '@sluice/processor-bird-strikes',
    settings: { 'input.topic': topics.raw, 'output.topic': topics.clean, 'quarantine.topic': topics.quarantine },
  }
  return {
    plan: makePlan({ dir, dataset, file, key: 'Airport Name', processor, cleanSchema: birdStrikeSchemaJson, s3 }),
    query:
      'select wildlife_size, count(*) as strikes, sum(cost_total)::bigint as dollars, round(avg(speed_ias_in_knots))::int as mean_knots\n' +
      '  from bird_strikes group by all order by dollars desc',
  }
}

async function planOwnFile(dir: string, file: string, key: string, { s3, into }: PlanOptions): Promise<PlannedRun> {
  const headings = await readHeadings(file)
  if (!headings.includes(key)) {
    throw new DataError(`The file has no column "${key}"`, {
      place: { file, line: 1 },
      remedy: `Give --key one of: ${headings.join(', ')}.`,
    })
  }
  const dataset = datasetName(into ?? file)
  const filesBefore = into === undefined ? 0 : filesBeforeThis(dir, dataset, file)
  const topics = topicsOf(dataset)
  const columns = columnsOf(headings)
  const processor = {
    module: '@sluice/processor-csv-rows',
    settings: {
      'input.topic': topics.raw,
      'output.topic': topics.clean,
      'quarantine.topic': topics.quarantine,
      headings: JSON.stringify(headings),
    },
  }
  return {
    plan: makePlan({
      dir,
      dataset,
      file,
      key,
      processor,
      cleanSchema: rowSchemaJsonOf(columns, dataset),
      s3,
      filesBefore,
    }),
    query: `select count(*) as rows, count(distinct "${columns[headings.indexOf(key)]!.name}") as keys from "${dataset}"`,
  }
}
