/** A process that takes the lock of the folder it is given, says so (or why not), and keeps it until its standard input ends. */
import { lockFolder } from '../../src/quickstart/lock.ts'

try {
  const unlock = lockFolder(process.argv[2]!)
  process.stdout.write('locked\n')
  process.stdin.resume().on('end', unlock)
} catch (error) {
  process.stdout.write(`refused: ${error instanceof Error ? error.message : String(error)}\n`)
}
