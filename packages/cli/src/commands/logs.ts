import { type Group, leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT } from '../command-line/exit-status.ts'
import { connectOptions, openClient } from '../connect/connect-options.ts'
import { loggersListing } from '../connect/listings.ts'
import { outputOptions, print } from '../connect/output.ts'

const LEVELS = ['OFF', 'FATAL', 'ERROR', 'WARN', 'INFO', 'DEBUG', 'TRACE', 'ALL']

const getLevel = leaf({
  name: 'get',
  summary: 'The level of a logger of this worker, or of all',
  operands: [
    { name: 'LOGGER', isOptional: true, completes: 'logger', documentation: 'A logger; root for all that have none' },
  ],
  options: { ...outputOptions, ...connectOptions },
  async run({ values, operands: [logger], signal, terminal }) {
    const client = await openClient(values, terminal)
    const loggers =
      logger === undefined
        ? await client.call('loggers', {}, signal)
        : { [logger]: await client.call('logger', { path: { logger } }, signal) }
    await print(loggersListing(loggers), values, terminal)
    return EXIT.ok
  },
})

const setLevel = leaf({
  name: 'set',
  summary: 'Sets the level of a logger and those below it, until the worker ends',
  operands: [
    { name: 'LOGGER', completes: 'logger', documentation: 'A logger; root for all' },
    { name: 'LEVEL', choices: LEVELS, documentation: 'The least that is written' },
  ],
  options: {
    cluster: { type: 'flag', documentation: 'On all workers of the cluster, not this one alone' },
    ...connectOptions,
  },
  examples: ['logs level set root DEBUG', 'logs level set org.apache.kafka.connect TRACE --cluster'],
  async run({ values, operands: [logger, level], signal, terminal }) {
    const client = await openClient(values, terminal)
    const query = values.cluster ? { scope: 'cluster' } : {}
    const names = await client.call(
      'setLoggerLevel',
      { path: { logger: logger! }, query, body: { level: level! } },
      signal,
    )
    if (names?.length === 0)
      terminal.err('The worker names no logger that it has set; logs level get shows its level.\n')
    terminal.out(
      names === undefined
        ? `${logger} will be ${level} on all workers\n`
        : names.map((name) => `${name} ${level}\n`).join(''),
    )
    return EXIT.ok
  },
})

export const logsNode: Group = {
  name: 'logs',
  summary: 'Shows and sets what workers write into their logs',
  commands: [{ name: 'level', summary: 'Levels of loggers', commands: [getLevel, setLevel] }],
}

export const logs = declared(logsNode)
