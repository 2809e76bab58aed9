/** Settings of a standalone worker: Kafka Connect's, and positions in a topic, which it does not have. */
import { defineSettings, nonEmptyString, type ParsedSettings } from '@sluice/sdk'
import { isolationSetting } from '../cells/cell-settings.ts'
import { creationDeclaration, offsetTopicDeclarations } from '../storage/storage-settings.ts'
import { workerSettings } from '../worker-settings.ts'

const FILE = 'offset.storage.file.filename'
const TOPIC = 'offset.storage.topic'

export const standaloneSettings = workerSettings.extend(
  defineSettings(
    {
      [FILE]: {
        type: 'string',
        default: null,
        validator: nonEmptyString,
        importance: 'high',
        documentation:
          'File for the positions of sources, in JSON. This or offset.storage.topic must be given; a file of Java cannot be read.',
      },
      ...offsetTopicDeclarations,
      [TOPIC]: {
        ...offsetTopicDeclarations[TOPIC],
        default: null,
        documentation: `Instead of a file: ${offsetTopicDeclarations[TOPIC].documentation}`,
      },
      ...creationDeclaration,
      isolation: {
        ...isolationSetting,
        default: 'inline',
        documentation: `${isolationSetting.documentation} Positions in a file can be had inline alone.`,
      },
    },
    {
      *check(settings) {
        const [file, topic] = [settings[FILE], settings[TOPIC]]
        if (file === null && topic === null)
          yield {
            setting: FILE,
            message: `Missing required configuration "${FILE}" which has no default value. ${TOPIC} may be given instead`,
          }
        if (file !== null && topic !== null)
          yield { setting: FILE, message: `${FILE} and ${TOPIC} are both given: positions are in one place` }
        if (file !== null && settings.isolation !== 'inline')
          yield { setting: 'isolation', message: positionsInFile(settings.isolation) }
      },
    },
  ),
)
export type StandaloneSettings = ParsedSettings<typeof standaloneSettings>

/** Why a connector cannot be isolated beside positions in a file, and what to do. */
export function positionsInFile(isolation: string): string {
  return (
    `Invalid value ${isolation} for configuration isolation: positions in a file belong to one process, the worker's. ` +
    `Give the worker ${TOPIC} instead of ${FILE}, or leave isolation out`
  )
}
