/** The two runs there are: the bird strikes, and anybody's CSV file. */
import { readHeadings } from '@sluice/connector-file'
import { birdStrikeSchemaJson } from '@sluice/processor-bird-strikes'
import { columnsOf, rowSchemaJsonOf } from '@sluice/processor-csv-rows'
import { DataError } from '@sluice/sdk'
import { datasetName, makePlan, topicsOf, type QuickstartPlan } from './plan.ts'

export interface PlannedRun {
  readonly plan: QuickstartPlan
  /** What DuckDB is asked in the end. */
  readonly query: string
}

/** @param key undefined: the file is the FAA's bird strikes */
export async function planFor(dir: string, file: string, key: string | undefined): Promise<PlannedRun> {
  return key === undefined ? planBirdStrikes(dir, file) : planOwnFile(dir, file, key)
}

function planBirdStrikes(dir: string, file: string): PlannedRun {
  const dataset = 'bird_strikes'
  const topics = topicsOf(dataset)
  const processor = {
    module: '@sluice/processor-bird-strikes',
    settings: { 'input.topic': topics.raw, 'output.topic': topics.clean, 'quarantine.topic': topics.quarantine },
  }
  return {
    plan: makePlan({ dir, dataset, file, key: 'Airport Name', processor, cleanSchema: birdStrikeSchemaJson }),
    query:
      'select wildlife_size, count(*) as strikes, sum(cost_total)::bigint as dollars, round(avg(speed_ias_in_knots))::int as mean_knots\n' +
      '  from bird_strikes group by all order by dollars desc',
  }
}

async function planOwnFile(dir: string, file: string, key: string): Promise<PlannedRun> {
  const headings = await readHeadings(file)
  if (!headings.includes(key)) {
    throw new DataError(`The file has no column "${key}"`, {
      place: { file, line: 1 },
      remedy: `Give --key one of: ${headings.join(', ')}.`,
    })
  }
  const dataset = datasetName(file)
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
    plan: makePlan({ dir, dataset, file, key, processor, cleanSchema: rowSchemaJsonOf(columns, dataset) }),
    query: `select count(*) as rows, count(distinct "${columns[headings.indexOf(key)]!.name}") as keys from "${dataset}"`,
  }
}
