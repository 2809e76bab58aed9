import type { Command } from './command.ts'
import { connectDistributed } from './connect-distributed.ts'
import { connectStandalone } from './connect-standalone.ts'
import { kafka } from './kafka.ts'
import { process } from './process.ts'
import { quickstart } from './quickstart.ts'
import { schemaRegistry } from './schema-registry.ts'
import { sql } from './sql.ts'

export const commands: readonly Command[] = [
  quickstart,
  kafka,
  schemaRegistry,
  connectStandalone,
  connectDistributed,
  process,
  sql,
]
