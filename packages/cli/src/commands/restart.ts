import { leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT } from '../command-line/exit-status.ts'
import { connectOptions, openClient } from '../connect/connect-options.ts'
import { forEach } from '../connect/each.ts'
import { waitAsAsked, waitOptions } from '../connect/waiting.ts'

export const restartNode = leaf({
  name: 'restart',
  summary: 'Restarts connectors, and their tasks on request',
  operands: [{ name: 'NAME', isRepeated: true, completes: 'connector', documentation: 'Connectors' }],
  options: {
    'include-tasks': { type: 'flag', documentation: 'The tasks as well' },
    'only-failed': { type: 'flag', documentation: 'Only what has failed' },
    ...waitOptions,
    ...connectOptions,
  },
  examples: ['restart orders --include-tasks --only-failed --wait'],
  async run({ values, operands, signal, terminal }) {
    const client = await openClient(values, terminal)
    const query = {
      ...(values['include-tasks'] && { includeTasks: true }),
      ...(values['only-failed'] && { onlyFailed: true }),
    }
    return forEach(
      operands,
      (connector) => connector,
      terminal,
      async (connector) => {
        await client.call('restartConnector', { path: { connector }, query }, signal)
        await waitAsAsked(connector, 'RUNNING', { client, values, signal, terminal })
        terminal.out(`${connector} restarted\n`)
        return EXIT.ok
      },
    )
  },
})

export const restart = declared(restartNode)
