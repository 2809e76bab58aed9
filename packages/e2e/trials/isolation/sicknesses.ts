/** What the sick connectors of the trial do, and how it must show. */

/** What must be told of the sick one while the ten beside it go on. */
export type Expected =
  /** FAILED with a reason like this, and started again. */
  | { readonly shows: 'failed'; readonly of: 'connector' | 'task'; readonly reason: RegExp }
  /** Its own part is never RUNNING, or goes on: nobody can know that it will not come back. */
  | { readonly shows: 'nothing' }
  /** The request to create it is refused when its time is over. */
  | { readonly shows: 'refused' }

export interface Sickness {
  readonly sick: string
  readonly kind: 'sick-source' | 'sick-sink'
  readonly expected: Expected
}

const STALLED = /event loop has stood still for \d+ s/
const source = (sick: string, expected: Expected): Sickness => ({ sick, kind: 'sick-source', expected })
const sink = (sick: string, expected: Expected): Sickness => ({ sick, kind: 'sick-sink', expected })
const failed = (reason: RegExp, of: 'connector' | 'task' = 'task'): Expected => ({ shows: 'failed', of, reason })

export const SICKNESSES: readonly Sickness[] = [
  source('block-validate', { shows: 'refused' }),
  source('block-start', { shows: 'nothing' }),
  source('block-task-settings', { shows: 'nothing' }),
  source('block-task-start', { shows: 'nothing' }),
  source('block-poll', { shows: 'nothing' }),
  sink('block-put', { shows: 'nothing' }),
  source('block-task-stop', { shows: 'nothing' }),
  source('block-stop', { shows: 'nothing' }),
  source('spin-validate', { shows: 'refused' }),
  source('spin-start', failed(STALLED, 'connector')),
  source('spin-poll', failed(/stood still for \d+ s, inside of poll/)),
  sink('spin-put', failed(/stood still for \d+ s, inside of put/)),
  source('spin-later', failed(STALLED)),
  source('exhaust-memory', failed(/ran out of memory/)),
  source('exhaust-buffers', failed(/it had \d+ MiB of memory, and may have \d+ MiB/)),
  source('exit', failed(/process\.exit\(3\) was called/)),
  source('throw-in-timer', failed(/an error was not caught: thrown where nobody catches/)),
  source('reject-unhandled', failed(/a promise that nobody waits for was rejected/)),
  source('kill-itself', failed(/was ended by SIGKILL/)),
]
