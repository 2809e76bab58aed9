import { parseArgs } from 'node:util'
import { describeError, SluiceError, type RawSettings } from '@sluice/sdk'
import type { Command } from './command.ts'
import { interrupted } from './interrupted.ts'

export const schemaRegistry: Command = {
  name: 'schema-registry',
  summary: 'Runs a schema registry that keeps its schemas in Kafka and speaks Confluent’s REST API',
  usage: 'schema-registry --bootstrap HOST:PORT [--port 8081] [--topic _schemas] [--command-config FILE]',
  details:
    '--bootstrap HOST:PORT   brokers of the Kafka that keeps the schemas, separated by commas\n' +
    '--port PORT             where it listens (default 8081; 0: any free port)\n' +
    '--host HOST             the address it listens at (default 127.0.0.1)\n' +
    '--topic NAME            the compacted topic of the schemas (default _schemas); it is made if it is missing\n' +
    '--command-config FILE   properties of Kafka’s clients, as for TLS and a login\n\n' +
    'Confluent’s registry can go on with the same topic, and the other way round. Run one per topic: the one that was started last\n' +
    'is the one that writes. It asks nobody who they are.',
  async run(args, signal) {
    const { port, host, topic, settings } = await parse(args)
    const { connect } = await import('@sluice/kafka')
    const { RegistryServer } = await import('@sluice/schema-registry')
    const { kafkaConfig, openLogger } = await import('@sluice/worker')
    const logger = openLogger()
    // What it has read it can go on serving.
    const onFenced = (error: SluiceError): void => logger.error(describeError(error))
    try {
      const kafka = await connect({ clientId: 'sluice-schema-registry', ...kafkaConfig(settings).config, logger })
      try {
        const server = await RegistryServer.start({ kafka, host, port, topic, logger, onFenced })
        try {
          globalThis.process.stdout.write(`${server.url}\n`)
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
    return 0
  },
}

interface RegistryArguments {
  readonly port: number
  readonly host: string
  readonly topic: string
  /** Of Kafka's clients. */
  readonly settings: RawSettings
}

async function parse(args: readonly string[]): Promise<RegistryArguments> {
  const text = { type: 'string' } as const
  let values
  try {
    values = parseArgs({
      args: [...args],
      options: { bootstrap: text, port: text, host: text, topic: text, 'command-config': text },
    }).values
  } catch (cause) {
    throw wrong('These arguments are not understood', schemaRegistry.usage, cause)
  }
  const { bootstrap, port = '8081', host = '127.0.0.1', topic = '_schemas', 'command-config': file } = values
  const { readProperties } = await import('@sluice/worker')
  const given = file === undefined ? {} : await readProperties(file)
  const settings = bootstrap === undefined ? given : { ...given, 'bootstrap.servers': bootstrap }
  if (settings['bootstrap.servers'] === undefined) {
    throw wrong(
      'schema-registry needs the Kafka that keeps the schemas',
      'sluice schema-registry --bootstrap 127.0.0.1:9092',
    )
  }
  const number = Number(port)
  if (port === '' || !Number.isInteger(number) || number < 0 || number > 65_535)
    throw wrong(`--port is '${port}', which is no port`, 'Give 0 to 65535.')
  return { port: number, host, topic, settings }
}

function wrong(what: string, remedy: string, cause?: unknown): SluiceError {
  return new SluiceError('SETTINGS_INVALID', what, { remedy, ...(cause === undefined ? {} : { cause }) })
}
