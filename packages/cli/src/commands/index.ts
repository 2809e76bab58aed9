import { apply } from './apply.ts'
import type { Command } from './command.ts'
import { completion } from './completion.ts'
import { config } from './config.ts'
import { connectDistributed } from './connect-distributed.ts'
import { connectStandalone } from './connect-standalone.ts'
import { pause, resume, stop } from './connector-states.ts'
import { consume } from './consume.ts'
import { deleteCommand } from './delete.ts'
import { describe } from './describe.ts'
import { diff } from './diff.ts'
import { get } from './get.ts'
import { health } from './health.ts'
import { kafka } from './kafka.ts'
import { logs } from './logs.ts'
import { offsets } from './offsets.ts'
import { plugins } from './plugins.ts'
import { process } from './process.ts'
import { processors } from './processors.ts'
import { produce } from './produce.ts'
import { quickstart } from './quickstart.ts'
import { restartTask } from './restart-task.ts'
import { restart } from './restart.ts'
import { schemaRegistry } from './schema-registry.ts'
import { sql } from './sql.ts'
import { topics } from './topics.ts'
import { validate } from './validate.ts'
import { wait } from './wait.ts'

export interface CommandSection {
  readonly title: string
  readonly commands: readonly Command[]
}

/** As help and the reference page show them. */
export const commandSections: readonly CommandSection[] = [
  { title: 'Run', commands: [quickstart, kafka, schemaRegistry, connectStandalone, connectDistributed, process] },
  {
    title: 'Connectors, on workers of this house or of Apache Kafka',
    commands: [
      get,
      describe,
      apply,
      diff,
      validate,
      deleteCommand,
      restart,
      restartTask,
      pause,
      resume,
      stop,
      wait,
      offsets,
      plugins,
      logs,
      health,
    ],
  },
  { title: 'Processors, on workers of this house', commands: [processors] },
  { title: 'Topics and tables', commands: [topics, consume, produce, sql] },
  { title: 'Clusters and the shell', commands: [config, completion] },
]

export const commands: readonly Command[] = commandSections.flatMap(({ commands }) => commands)
