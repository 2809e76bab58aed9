import path from 'node:path'
import { parseArgs } from 'node:util'
import { SluiceError } from '@sluice/sdk'
import type { Command } from './command.ts'
import { LISTENER_DETAILS, LISTENER_OPTIONS, listenerOf } from './kafka-listener.ts'

export const kafka: Command = {
  name: 'kafka',
  summary: 'Runs a Kafka broker for development, tests and demos on this machine',
  usage: 'kafka [--port 9092] [--dir DIR] [--config name=value …] [--sasl-users FILE] [--tls-cert FILE --tls-key FILE]',
  details:
    '--port PORT             where it listens (default 9092; 0: any free port)\n' +
    '--host HOST             the address it listens at (default 127.0.0.1)\n' +
    '--advertised-port PORT  what clients are told to connect to, when it is not the port\n' +
    '--dir DIR               where topics are kept; without it they are gone when the broker ends\n' +
    '--config NAME=VALUE     a broker setting in Kafka’s words, as in num.partitions=3; may be repeated\n' +
    LISTENER_DETAILS +
    '\n' +
    'Any Kafka client can use it. It is one node without replication: in production, run Apache Kafka.',
  async run(args, signal) {
    const { port, advertisedPort, host, dir, configs, listener } = parse(args)
    const { startBroker } = await import('../broker.ts')
    const broker = await startBroker({
      port,
      host,
      configs,
      ...listener,
      ...(advertisedPort === undefined ? {} : { advertisedPort }),
      ...(dir === undefined ? {} : { dataDir: path.resolve(dir) }),
      log: (level, message) =>
        void (level === 'info' ? globalThis.process.stdout : globalThis.process.stderr).write(`${message}\n`),
    })
    try {
      globalThis.process.stdout.write(`${broker.bootstrapServers}\n`)
      if (!signal.aborted)
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    } finally {
      await broker.close()
    }
    return 0
  },
}

interface KafkaArguments {
  readonly port: number
  readonly advertisedPort: number | undefined
  readonly host: string
  readonly dir: string | undefined
  readonly configs: Readonly<Record<string, string>>
  readonly listener: ReturnType<typeof listenerOf>
}

function parse(args: readonly string[]): KafkaArguments {
  const text = { type: 'string' } as const
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        port: text,
        'advertised-port': text,
        host: text,
        dir: text,
        config: { type: 'string', multiple: true },
        ...LISTENER_OPTIONS,
      },
    })
    const advertised = values['advertised-port']
    return {
      port: portOf('--port', values.port ?? '9092'),
      advertisedPort: advertised === undefined ? undefined : portOf('--advertised-port', advertised),
      host: values.host ?? '127.0.0.1',
      dir: values.dir,
      configs: Object.fromEntries((values.config ?? []).map(pair)),
      listener: listenerOf(values),
    }
  } catch (cause) {
    if (cause instanceof SluiceError) throw cause
    throw new SluiceError('SETTINGS_INVALID', 'These arguments are not understood', { cause, remedy: kafka.usage })
  }
}

function portOf(name: string, value: string): number {
  const port = Number(value)
  if (value !== '' && Number.isInteger(port) && port >= 0 && port < 65_536) return port
  throw new SluiceError('SETTINGS_INVALID', `${name} is '${value}', which is no port`, { remedy: 'Give 0 to 65535.' })
}

function pair(text: string): [string, string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new SluiceError('SETTINGS_INVALID', `--config is '${text}', which is not name=value`, {
    remedy: 'Write it as --config num.partitions=3',
  })
}
