/** Kafka's FileStreamSource: a file, or standard input, line by line. */
import {
  atLeast,
  defineSettings,
  defineSource,
  nonEmptyString,
  SluiceError,
  type ParsedSettings,
  type SourcePartition,
  type SourcePosition,
} from '@sluice/sdk'
import { FileStreamSourceTask } from './file-stream-source-task.ts'
import { javaNames, KAFKA_VERSION } from './java-names.ts'

const settings = defineSettings({
  file: {
    type: 'string',
    default: null,
    importance: 'high',
    documentation: 'The file to read, and to follow as it grows. Not given: standard input.',
  },
  topic: {
    type: 'string',
    validator: nonEmptyString,
    importance: 'high',
    documentation: 'The topic to write to.',
  },
  'batch.size': {
    type: 'int',
    default: 2000,
    validator: atLeast(1),
    importance: 'low',
    documentation: 'Most records of one poll.',
  },
})
export type FileStreamSourceSettings = ParsedSettings<typeof settings>

export const fileStreamSource = defineSource({
  name: 'file-stream-source',
  version: KAFKA_VERSION,
  aliases: javaNames('file', 'FileStreamSourceConnector'),
  documentation:
    'Reads a file of lines (UTF-8) into a topic, and follows it as it grows: the FileStreamSource of Apache Kafka. A file that is not there is waited for.',
  settings,
  exactlyOnceSupport: ({ file }) => (isStandardInput(file) ? 'unsupported' : 'supported'),
  alterOffsets({ file }, positions) {
    if (isStandardInput(file))
      throw wrongOffset(
        "Offsets cannot be modified if the 'file' configuration is unspecified. This is because stdin is used for input and offsets are not tracked.",
      )
    for (const [partition, position] of positions) assertMeaningful(partition, position)
    return true
  },
  createTask: (parsed, context) => new FileStreamSourceTask(parsed, context),
})

export function isStandardInput(file: string | null): file is null {
  return file === null || file === ''
}

/** Positions of any file may be set: the connector may have read another one before. Forgetting is always right. */
function assertMeaningful(partition: SourcePartition, position: SourcePosition | null): void {
  if (position === null) return
  if (!Object.hasOwn(position, 'position'))
    throw wrongOffset("Offset objects should either be null or contain the key 'position'")
  const at = position['position']
  if (typeof at !== 'number' || !Number.isInteger(at))
    throw wrongOffset("The value for the 'position' key in the offset is expected to be a Long value")
  if (at < 0) throw wrongOffset("The value for the 'position' key in the offset should be a non-negative value")
  if (!Object.hasOwn(partition, 'filename')) throw wrongOffset("Partition objects should contain the key 'filename'")
}

function wrongOffset(message: string): SluiceError {
  return new SluiceError('POSITION_UNREADABLE', message)
}
