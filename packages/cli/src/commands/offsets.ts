import { SluiceError } from '@sluice/sdk'
import type { OffsetShown } from '@sluice/worker/client'
import { type Group, leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT } from '../command-line/exit-status.ts'
import { connectOptions, openClient } from '../connect/connect-options.ts'
import { fileOption, filesGiven } from '../connect/file-options.ts'
import { documentIn } from '../connect/offset-files.ts'
import { getOffsets } from './get.ts'

const name = { name: 'NAME', completes: 'connector', documentation: 'A connector' } as const

const set = leaf({
  name: 'set',
  summary: 'Moves a stopped connector to other positions',
  operands: [name],
  options: {
    filename: fileOption,
    topic: {
      type: 'text',
      value: 'TOPIC',
      documentation: 'Of a sink: the topic, with --partition and --offset instead of -f',
    },
    partition: { type: 'number', value: 'N', documentation: 'Of a sink: the partition' },
    offset: { type: 'number', value: 'N', documentation: 'Of a sink: the offset of the record to go on with' },
    ...connectOptions,
  },
  details:
    'The file is what offsets get -o json or -o yaml shows; only the partitions in it are moved, and an offset of null forgets its partition.\n' +
    'The connector must be stopped before, and resumed afterwards.',
  examples: [
    'stop orders --wait',
    'offsets get orders -o yaml > positions.yaml',
    'offsets set orders -f positions.yaml',
    'offsets set orders-sink --topic orders --partition 0 --offset 1200',
  ],
  async run({ values, operands: [connector], signal, terminal }) {
    const { topic, partition, offset, filename } = values
    let offsets: readonly OffsetShown[]
    if (topic === undefined && partition === undefined && offset === undefined) {
      offsets = await documentIn(filesGiven('offsets set', values).filename, terminal)
    } else if (topic === undefined || partition === undefined || offset === undefined || filename.length > 0) {
      throw new SluiceError('USAGE_INVALID', '--topic, --partition and --offset belong together, and not with -f', {
        remedy: 'sluice offsets set --help shows both ways.',
      })
    } else {
      offsets = [{ partition: { kafka_topic: topic, kafka_partition: partition }, offset: { kafka_offset: offset } }]
    }
    const client = await openClient(values, terminal)
    const answer = await client.call(
      'alterConnectorOffsets',
      { path: { connector: connector! }, body: { offsets } },
      signal,
    )
    terminal.out(`${answer.message}\n`)
    return EXIT.ok
  },
})

const reset = leaf({
  name: 'reset',
  summary: 'Has a stopped connector begin anew: all its positions are forgotten',
  operands: [name],
  options: connectOptions,
  examples: ['offsets reset orders'],
  async run({ values, operands: [connector], signal, terminal }) {
    const client = await openClient(values, terminal)
    const answer = await client.call('resetConnectorOffsets', { path: { connector: connector! } }, signal)
    terminal.out(`${answer.message}\n`)
    return EXIT.ok
  },
})

export const offsetsNode: Group = {
  name: 'offsets',
  summary: 'Shows and moves how far connectors are',
  commands: [{ ...getOffsets, name: 'get' }, set, reset],
}

export const offsets = declared(offsetsNode)
