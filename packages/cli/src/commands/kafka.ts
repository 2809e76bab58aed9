import path from 'node:path'
import { leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT } from '../command-line/exit-status.ts'
import { hostOption, portOption } from '../command-line/listen-options.ts'
import { nameAndValue } from '../command-line/name-and-value.ts'
import { interrupted } from './interrupted.ts'
import { listenerOf, listenerOptions } from './kafka-listener.ts'

export const kafkaNode = leaf({
  name: 'kafka',
  summary: 'Runs a Kafka broker for development, tests and demos on this machine',
  options: {
    port: portOption('9092'),
    host: hostOption,
    'advertised-port': {
      type: 'number',
      value: 'PORT',
      max: 65_535,
      documentation: 'What clients are told to connect to, when it is not the port',
    },
    dir: {
      type: 'text',
      value: 'DIR',
      completes: 'file',
      documentation: 'Where topics are kept; without it they are gone when the broker ends',
    },
    config: {
      type: 'text',
      value: 'NAME=VALUE',
      isRepeated: true,
      documentation: 'A broker setting in Kafka’s words, as in num.partitions=3; may be repeated',
    },
    ...listenerOptions,
  },
  details:
    'Prints where it is reached when it serves. Any Kafka client can use it. It is one node without replication: in production, run Apache Kafka.',
  examples: ['kafka', 'kafka --port 9092 --dir data --config num.partitions=3'],
  async run({ values, signal, terminal }) {
    const { port, 'advertised-port': advertisedPort, host, dir } = values
    const configs = Object.fromEntries(values.config.map((text) => nameAndValue('config', text)))
    const listener = listenerOf(values)
    const { startBroker } = await import('../broker.ts')
    const broker = await startBroker({
      port,
      host,
      configs,
      ...listener,
      ...(advertisedPort === undefined ? {} : { advertisedPort }),
      ...(dir === undefined ? {} : { dataDir: path.resolve(dir) }),
      log: (level, message) => (level === 'info' ? terminal.out(`${message}\n`) : terminal.err(`${message}\n`)),
    })
    try {
      terminal.out(`${broker.bootstrapServers}\n`)
      await interrupted(signal)
    } finally {
      await broker.close()
    }
    return EXIT.ok
  },
})

export const kafka = declared(kafkaNode)
