import { leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT } from '../command-line/exit-status.ts'
import { connectOptions, openClient } from '../connect/connect-options.ts'
import { readConnectors } from '../connect/connector-files.ts'
import { fileOptions, filesGiven } from '../connect/file-options.ts'
import { type Column, outputOptions, print } from '../connect/output.ts'
import { type Finding, findingsOf } from '../connect/validation.ts'

interface Row extends Finding {
  readonly connector: string
}

const columns: readonly Column<Row>[] = [
  { heading: 'CONNECTOR', of: ({ connector }) => connector },
  { heading: 'SETTING', of: ({ setting }) => setting },
  { heading: 'ERROR', of: ({ error }) => error },
]

export const validateNode = leaf({
  name: 'validate',
  summary: 'Has the worker look at settings, and shows everything that is wrong; nothing is changed',
  options: { ...fileOptions, ...outputOptions, ...connectOptions },
  details: 'Exit status 0 when all are valid, 6 when one is not.',
  examples: ['validate -f orders.properties'],
  async run({ values, signal, terminal }) {
    const wanted = await readConnectors(filesGiven('validate', values), terminal)
    const client = await openClient(values, terminal)
    const rows: Row[] = []
    for (const connector of wanted) {
      const findings = await findingsOf(client, connector, signal)
      if (findings.length === 0 && !values.quiet) terminal.err(`${connector.name} is valid\n`)
      rows.push(...findings.map((finding) => ({ connector: connector.name, ...finding })))
    }
    await print(
      { rows, columns, name: ({ connector, setting }) => `${connector} ${setting}`, document: rows },
      values,
      terminal,
    )
    return rows.length === 0 ? EXIT.ok : EXIT.invalid
  },
})

export const validate = declared(validateNode)
