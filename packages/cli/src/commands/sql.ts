import path from 'node:path'
import { SluiceError } from '@sluice/sdk'
import { leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT } from '../command-line/exit-status.ts'

export const sqlNode = leaf({
  name: 'sql',
  summary: 'Asks DuckDB about a Delta table in a folder',
  operands: [
    { name: 'FOLDER', completes: 'file', documentation: 'A table: the folder that holds _delta_log' },
    { name: 'QUERY', documentation: 'In it the table is called as its folder is' },
  ],
  options: {},
  examples: ["sql .sluice/quickstart/lake/bird_strikes 'select count(*) from bird_strikes'"],
  async run({ operands: [dir, query], terminal }) {
    const { LocalTable, printResult } = await import('../quickstart/table.ts')
    const table = await LocalTable.open(dir!)
    if (table.version < 0) {
      throw new SluiceError('OBJECT_MISSING', `${dir} is no Delta table`, {
        remedy: 'Give a folder that holds _delta_log.',
      })
    }
    terminal.out(printResult(await table.query(path.basename(dir!), query!)))
    return EXIT.ok
  },
})

export const sql = declared(sqlNode)
