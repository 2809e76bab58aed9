/** `pause`, `resume` and `stop`: what a connector is to do. */
import { leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT } from '../command-line/exit-status.ts'
import { connectOptions, openClient } from '../connect/connect-options.ts'
import { forEach } from '../connect/each.ts'
import { waitAsAsked, waitOptions } from '../connect/waiting.ts'

function stateNode(
  name: string,
  summary: string,
  operation: 'pauseConnector' | 'resumeConnector' | 'stopConnector',
  state: string,
  done: string,
) {
  return leaf({
    name,
    summary,
    operands: [{ name: 'NAME', isRepeated: true, completes: 'connector', documentation: 'Connectors' }],
    options: { ...waitOptions, ...connectOptions },
    examples: [`${name} orders`, `${name} orders --wait --timeout 2m`],
    async run({ values, operands, signal, terminal }) {
      const client = await openClient(values, terminal)
      return forEach(
        operands,
        (connector) => connector,
        terminal,
        async (connector) => {
          await client.call(operation, { path: { connector } }, signal)
          const reached = await waitAsAsked(connector, state, { client, values, signal, terminal })
          terminal.out(`${connector} ${reached ?? done}\n`)
          return EXIT.ok
        },
      )
    },
  })
}

export const pauseNode = stateNode(
  'pause',
  'Has tasks stay where they are, and do nothing',
  'pauseConnector',
  'PAUSED',
  'will be paused',
)
export const resumeNode = stateNode(
  'resume',
  'Has a paused or stopped connector go on',
  'resumeConnector',
  'RUNNING',
  'will run',
)
export const stopNode = stateNode(
  'stop',
  'Ends the tasks of a connector; its settings and positions stay',
  'stopConnector',
  'STOPPED',
  'stopped',
)

export const pause = declared(pauseNode)
export const resume = declared(resumeNode)
export const stop = declared(stopNode)
