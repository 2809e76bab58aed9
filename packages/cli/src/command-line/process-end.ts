import { setTimeout as sleep } from 'node:timers/promises'

/** What Node's threads work on that may never come back: files of a network file system, names of hosts. */
const THREADED: ReadonlySet<string> = new Set([
  'FSReqPromise',
  'FSReqCallback',
  'FileHandleCloseReq',
  'GetAddrInfoReqWrap',
  'GetNameInfoReqWrap',
])
const LOOK_MS = 20

/**
 * Ends this process, at once if nothing is under way. `process.exit` waits for the threads of Node, and never returns when one of them
 * hangs: a read of a network file system that is away, or of a FIFO. What has not come back after `graceMs` is not waited for; the process
 * then ends by SIGKILL, as whoever runs it would end it a little later.
 */
export async function endProcess(status: number, graceMs = 1_000): Promise<void> {
  for (let waitedMs = 0; isReading(); waitedMs += LOOK_MS) {
    if (waitedMs >= graceMs) {
      process.stderr.write('sluice: a read of a file or the look-up of a host hangs; the process ends without it\n')
      process.kill(process.pid, 'SIGKILL')
      return
    }
    await sleep(LOOK_MS)
  }
  process.exit(status)
}

function isReading(): boolean {
  return process.getActiveResourcesInfo().some((resource) => THREADED.has(resource))
}
