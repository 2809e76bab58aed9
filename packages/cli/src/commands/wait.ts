import { SluiceError } from '@sluice/sdk'
import { leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT } from '../command-line/exit-status.ts'
import { connectOptions, openClient } from '../connect/connect-options.ts'
import { forEach } from '../connect/each.ts'
import { waitFor, WAITED_STATES } from '../connect/waiting.ts'

/** As kubectl has it. */
const DELETE = 'delete'

export const waitNode = leaf({
  name: 'wait',
  summary: 'Waits until connectors and their tasks are in a state',
  operands: [{ name: 'NAME', isOptional: true, isRepeated: true, completes: 'connector', documentation: 'Connectors' }],
  options: {
    for: {
      type: 'text',
      value: 'WHAT',
      choices: [...WAITED_STATES.filter((state) => state !== 'DELETED').map((state) => `state=${state}`), DELETE],
      default: 'state=RUNNING',
      documentation: 'What to wait for',
    },
    all: { type: 'flag', documentation: 'All connectors of the cluster, instead of names' },
    ...connectOptions,
  },
  details:
    'Exit status 0 when all are in the state, 8 when one was not within --timeout, which each of them has; 1 when one stays FAILED.',
  examples: ['wait orders --for state=RUNNING --timeout 2m', 'wait --all', 'wait orders --for delete'],
  async run({ values, operands, signal, terminal }) {
    if (values.all === operands.length > 0) {
      throw new SluiceError('USAGE_INVALID', 'wait needs names of connectors, or --all', {
        remedy: 'sluice wait orders --for state=RUNNING',
      })
    }
    const client = await openClient(values, terminal)
    const names = values.all ? await client.call('listConnectors', {}, signal) : operands
    const state = values.for === DELETE ? 'DELETED' : values.for.slice('state='.length)
    return forEach(
      names,
      (name) => name,
      terminal,
      async (name) => {
        await waitFor(name, state, { client, values, signal, terminal })
        terminal.out(`${name} ${state}\n`)
        return EXIT.ok
      },
    )
  },
})

export const wait = declared(waitNode)
