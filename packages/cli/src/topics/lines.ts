import { SluiceError } from '@sluice/sdk'

/** No record may be as long as this. */
const LINE_BYTES_MAX = 134_217_728

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The lines of UTF-8 bytes, without their ends; `\r\n` ends a line, too.
 * @throws SluiceError DATA_INVALID for one that never ends, or that is no UTF-8
 */
export async function* linesIn(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let open: Buffer[] = []
  let held = 0
  let line = 0
  for await (const chunk of bytes) {
    let from = 0
    for (let at = chunk.indexOf(0x0a); at !== -1; at = chunk.indexOf(0x0a, from)) {
      open.push(Buffer.from(chunk.subarray(from, at)))
      yield textOf(open, ++line)
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
  if (open.length > 0) yield textOf(open, ++line)
}

function textOf(parts: readonly Buffer[], line: number): string {
  try {
    return strict.decode(Buffer.concat(parts)).replace(/\r$/, '')
  } catch {
    throw new SluiceError('DATA_INVALID', 'A line of the input is no UTF-8', {
      place: { line },
      remedy: 'Write the lines as UTF-8, or give bytes as hex or base64 with --value-format.',
    })
  }
}
