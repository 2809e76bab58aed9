import { leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT } from '../command-line/exit-status.ts'
import { connectOptions, openClient } from '../connect/connect-options.ts'
import { forEach } from '../connect/each.ts'

export const restartTaskNode = leaf({
  name: 'restart-task',
  summary: 'Restarts tasks of a connector',
  operands: [
    { name: 'NAME', completes: 'connector', documentation: 'A connector' },
    { name: 'TASK', isRepeated: true, documentation: 'Numbers of tasks, as get tasks shows them' },
  ],
  options: connectOptions,
  examples: ['restart-task orders 0 2'],
  async run({ values, operands: [connector, ...tasks], signal, terminal }) {
    const client = await openClient(values, terminal)
    return forEach(
      tasks,
      (task) => `${connector}/${task}`,
      terminal,
      async (task) => {
        await client.call('restartTask', { path: { connector: connector!, task } }, signal)
        terminal.out(`${connector}/${task} restarted\n`)
        return EXIT.ok
      },
    )
  },
})

export const restartTask = declared(restartTaskNode)
