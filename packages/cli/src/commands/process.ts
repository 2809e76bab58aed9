import { MemoryMetrics, SluiceError } from '@sluice/sdk'
import { leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT } from '../command-line/exit-status.ts'

export const processNode = leaf({
  name: 'process',
  summary: 'Runs a processor in this process',
  operands: [{ name: 'FILE', completes: 'file', documentation: 'Properties of the processor' }],
  options: {
    'until-end': {
      type: 'flag',
      documentation: 'End when all that was in the topics at the start has been processed',
    },
    plan: {
      type: 'flag',
      documentation: 'Only tell what would become of stores and internal topics that are there, and of each why',
    },
  },
  details:
    'The file holds bootstrap.servers, processor.class (a package name, or a path beginning with ./ or /), application.id, and the settings of\n' +
    'the processor and of Kafka Streams. It goes on from its committed offsets and runs until it is interrupted, or with --until-end until it\n' +
    'has processed what there was, in its own topics too: the status is 0 then, 130 when it was interrupted before, and 1 when an error, a\n' +
    'gate that halts, or records that are parked ended it.\n' +
    'With --plan the status is that of invalid settings when the topology does not fit what is stored.',
  examples: [
    'process processor.properties',
    'process --until-end processor.properties',
    'process --plan processor.properties',
  ],
  async run({ operands: [file], values, signal, terminal }) {
    const { keepRecordsYoung, loadProcessor, openLogger, processorSettings, readProperties, unknownSettings } =
      await import('@sluice/worker')
    keepRecordsYoung()
    const raw = await readProperties(file!)
    const module = raw['processor.class']
    const bootstrapServers = raw['bootstrap.servers']
    const missing = Object.entries({ 'processor.class': module, 'bootstrap.servers': bootstrapServers }).filter(
      ([, value]) => value === undefined,
    )
    if (module === undefined || bootstrapServers === undefined) {
      const names = missing.map(([name]) => `Missing required configuration "${name}" which has no default value.`)
      throw new SluiceError('SETTINGS_INVALID', names.join('\n'), { remedy: `Add it to ${file}.` })
    }
    const { connect } = await import('@sluice/kafka')
    const processor = await loadProcessor(module)
    const { KafkaStreams, planText, StreamsBuilder, streamsSettings } = await import('@sluice/streams')
    const settings = streamsSettings.parse(raw)
    // A file may be that of a deployed processor, too.
    const known = processorSettings.extend(streamsSettings).extend(processor.settings)
    const { 'bootstrap.servers': _, ...others } = raw
    const unknown = unknownSettings(known, others)
    if (unknown.length > 0) {
      throw new SluiceError('SETTINGS_INVALID', unknown.map(({ message }) => message).join('\n'), {
        remedy: `Correct ${file}.`,
      })
    }
    const builder = new StreamsBuilder()
    processor.topology(builder, processor.settings.parse(raw))
    const logger = openLogger()
    for (const name of ['instances', 'isolation'])
      if (Object.hasOwn(raw, name)) logger.warn(`The setting "${name}" has no effect on a processor that runs here`)
    const kafka = await connect({ bootstrapServers, clientId: settings['application.id'], logger })
    try {
      const streams = new KafkaStreams(builder.build(), settings, {
        kafka,
        logger,
        metrics: new MemoryMetrics(),
        onState: (state) => logger.info(`State is ${state}`),
      })
      if (values.plan) {
        const plan = await streams.plan()
        terminal.out(`${planText(plan)}\n`)
        return plan.isSafe ? EXIT.ok : EXIT.invalid
      }
      if (!values['until-end']) await streams.run({ signal })
      else {
        await streams.run({ signal, until: 'end' })
        // Whoever goes on from here must know that there may be more.
        if (signal.aborted) return EXIT.interrupted
      }
      return EXIT.ok
    } finally {
      await kafka.close()
      await logger.close()
    }
  },
})

export const process = declared(processNode)
