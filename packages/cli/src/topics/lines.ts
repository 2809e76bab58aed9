import { SluiceError } from '@sluice/sdk'

/** No record may be as long as this. */
const LINE_BYTES_MAX = 134_217_728

/** The lines of UTF-8 bytes, without their ends; `\r\n` ends a line, too. @throws SluiceError DATA_INVALID for one that never ends */
export async function* linesIn(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let open: Buffer[] = []
  let held = 0
  for await (const chunk of bytes) {
    let from = 0
    for (let at = chunk.indexOf(0x0a); at !== -1; at = chunk.indexOf(0x0a, from)) {
      open.push(Buffer.from(chunk.subarray(from, at)))
      yield textOf(open)
      open = []
      held = 0
      from = at + 1
    }
    if (from < chunk.length) open.push(Buffer.from(chunk.subarray(from)))
    held += chunk.length - from
    if (held > LINE_BYTES_MAX) {
      throw new SluiceError('DATA_INVALID', `A line of the input has more than ${LINE_BYTES_MAX} bytes`, {
        remedy: 'Write each record on a line of its own.',
      })
    }
  }
  if (open.length > 0) yield textOf(open)
}

function textOf(parts: readonly Buffer[]): string {
  return Buffer.concat(parts).toString('utf8').replace(/\r$/, '')
}
