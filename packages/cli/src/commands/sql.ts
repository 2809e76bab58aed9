import path from 'node:path'
import { SluiceError } from '@sluice/sdk'
import type { Command } from './command.ts'

export const sql: Command = {
  name: 'sql',
  summary: 'Asks DuckDB about a Delta table in a folder',
  usage: "sql FOLDER 'select …'",
  details: 'In the query the table is called as its folder is: .sluice/quickstart/lake/bird_strikes is bird_strikes.',
  async run(args) {
    const [dir, query, ...rest] = args
    if (dir === undefined || query === undefined || rest.length > 0) {
      throw new SluiceError('SETTINGS_INVALID', 'sql needs a folder and a query', {
        remedy: "sluice sql FOLDER 'select …'",
      })
    }
    const { LocalTable, printResult } = await import('../quickstart/table.ts')
    const table = await LocalTable.open(dir)
    if (table.version < 0) {
      throw new SluiceError('OBJECT_MISSING', `${dir} is no Delta table`, {
        remedy: 'Give a folder that holds _delta_log.',
      })
    }
    process.stdout.write(printResult(await table.query(path.basename(dir), query)))
    return 0
  },
}
