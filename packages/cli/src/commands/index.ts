import type { Command } from './command.ts'
import { connectStandalone } from './connect-standalone.ts'
import { process } from './process.ts'
import { quickstart } from './quickstart.ts'
import { sql } from './sql.ts'

export const commands: readonly Command[] = [quickstart, connectStandalone, process, sql]
