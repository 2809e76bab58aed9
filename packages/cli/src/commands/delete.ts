import { SluiceError } from '@sluice/sdk'
import { leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT } from '../command-line/exit-status.ts'
import { connectOptions, openClient } from '../connect/connect-options.ts'
import { readConnectors } from '../connect/connector-files.ts'
import { forEach } from '../connect/each.ts'
import { fileOptions, filesGiven } from '../connect/file-options.ts'
import { waitFor } from '../connect/waiting.ts'

export const deleteNode = leaf({
  name: 'delete',
  summary: 'Ends connectors and forgets their settings; positions of sources stay, reset them before if they shall not',
  operands: [{ name: 'NAME', isOptional: true, isRepeated: true, completes: 'connector', documentation: 'Connectors' }],
  options: {
    ...fileOptions,
    'ignore-not-found': { type: 'flag', documentation: 'One that is not there is as good as deleted' },
    wait: { type: 'flag', documentation: 'Come back when they are gone' },
    ...connectOptions,
  },
  examples: ['delete orders', 'delete -f connectors/ --ignore-not-found --wait'],
  async run({ values, operands, signal, terminal }) {
    const names =
      operands.length > 0
        ? operands
        : (await readConnectors(filesGiven('delete', values), terminal)).map(({ name }) => name)
    const client = await openClient(values, terminal)
    return forEach(
      names,
      (connector) => connector,
      terminal,
      async (connector) => {
        try {
          await client.call('deleteConnector', { path: { connector } }, signal)
        } catch (error) {
          if (!values['ignore-not-found'] || !(error instanceof SluiceError) || error.code !== 'CONNECT_UNKNOWN')
            throw error
          return EXIT.ok
        }
        if (values.wait) await waitFor(connector, 'DELETED', { client, values, signal, terminal })
        terminal.out(`${connector} deleted\n`)
        return EXIT.ok
      },
    )
  },
})

export const deleteCommand = declared(deleteNode)
