/** Tries to own a directory, says how it went, and stays until it is ended: `node locking-process.ts DIRECTORY`. */
import { lockDirectory } from '../../src/log/directory-lock.ts'

try {
  lockDirectory(process.argv[2]!)
  console.log('owner')
} catch (error) {
  console.log(error instanceof Error ? error.name : 'unknown')
}
process.stdin.resume()
