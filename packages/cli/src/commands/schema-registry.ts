import { describeError, SluiceError } from '@sluice/sdk'
import { leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT } from '../command-line/exit-status.ts'
import { hostOption, portOption } from '../command-line/listen-options.ts'
import { interrupted } from './interrupted.ts'

export const schemaRegistryNode = leaf({
  name: 'schema-registry',
  summary: 'Runs a schema registry that keeps its schemas in Kafka and speaks Confluent’s REST API',
  options: {
    bootstrap: {
      type: 'text',
      short: 'b',
      value: 'HOST:PORT',
      documentation:
        'Brokers of the Kafka that keeps the schemas, separated by commas; or in the file of --command-config',
    },
    port: portOption('8081'),
    host: hostOption,
    topic: {
      type: 'text',
      value: 'NAME',
      default: '_schemas',
      documentation: 'The compacted topic of the schemas; it is made if it is missing',
    },
    'command-config': {
      type: 'text',
      value: 'FILE',
      completes: 'file',
      documentation: 'Properties of Kafka’s clients, as for TLS and a login',
    },
  },
  details:
    'Prints where it is reached when it serves. Confluent’s registry can go on with the same topic, and the other way round. Run one per\n' +
    'topic: the one that was started last is the one that writes. It asks nobody who they are.',
  examples: ['schema-registry --bootstrap 127.0.0.1:9092'],
  async run({ values: { bootstrap, port, host, topic, 'command-config': file }, signal, terminal }) {
    const { kafkaConfig, openLogger, readProperties } = await import('@sluice/worker')
    const given = file === undefined ? {} : await readProperties(file)
    const settings = bootstrap === undefined ? given : { ...given, 'bootstrap.servers': bootstrap }
    if (settings['bootstrap.servers'] === undefined) {
      throw new SluiceError('USAGE_INVALID', 'schema-registry needs the Kafka that keeps the schemas', {
        remedy: 'sluice schema-registry --bootstrap 127.0.0.1:9092',
      })
    }
    const { connect } = await import('@sluice/kafka')
    const { RegistryServer } = await import('@sluice/schema-registry')
    const logger = openLogger()
    // What it has read it can go on serving.
    const onFenced = (error: SluiceError): void => logger.error(describeError(error))
    try {
      const kafka = await connect({ clientId: 'sluice-schema-registry', ...kafkaConfig(settings).config, logger })
      try {
        const server = await RegistryServer.start({ kafka, host, port, topic, logger, onFenced })
        try {
          terminal.out(`${server.url}\n`)
          await interrupted(signal)
        } finally {
          await server.close()
        }
      } finally {
        await kafka.close()
      }
    } finally {
      await logger.close()
    }
    return EXIT.ok
  },
})

export const schemaRegistry = declared(schemaRegistryNode)
