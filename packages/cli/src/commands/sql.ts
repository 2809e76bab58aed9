import path from 'node:path'
import { SluiceError } from '@sluice/sdk'
import { leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT } from '../command-line/exit-status.ts'

export const sqlNode = leaf({
  name: 'sql',
  summary: 'Asks DuckDB about a Delta table',
  operands: [
    {
      name: 'FOLDER',
      completes: 'file',
      documentation: 'A table: the folder that holds _delta_log, or such a place as s3://bucket/lake/orders',
    },
    { name: 'QUERY', documentation: 'In it the table is called as its folder is' },
  ],
  options: {
    version: { type: 'number', value: 'N', documentation: 'The table as it was in that version' },
  },
  examples: ["sql .sluice/quickstart/lake/bird_strikes 'select count(*) from bird_strikes'"],
  async run({ operands: [dir, query], values: { version }, terminal }) {
    const { LakeTable, printResult } = await import('../quickstart/table.ts')
    const newest = await LakeTable.open(dir!)
    if (newest.version < 0) {
      throw new SluiceError('OBJECT_MISSING', `${dir} is no Delta table`, {
        remedy: 'Give a folder that holds _delta_log.',
      })
    }
    const table = version === undefined ? newest : await newest.asOf(version)
    terminal.out(printResult(await table.query(path.basename(dir!), query!)))
    return EXIT.ok
  },
})

export const sql = declared(sqlNode)
