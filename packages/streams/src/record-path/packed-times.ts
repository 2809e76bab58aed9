/**
 * Times of nodes in little room: base64url of, per node, the first 6 bytes of the SHA-1 of its name and how far its time is behind the latest
 * (a varint). Some 11 characters per node, whatever it is called.
 */
import { hash } from 'node:crypto'

/** The latest time of all, and how far the nodes are behind it. */
export type PackedTimes = readonly [latest: number, nodes: string]

const NAME_BYTES = 6
/** No name of a node begins so. */
const MARK = '#'

/** What a node is called where its name has been given up for room. */
export function packedNameOf(node: string): string {
  return `${MARK}${digestOf(node).toString('base64url')}`
}

/** As many of the nodes, from the first on, as there is room for; null: for none. */
export function packTimes(
  times: readonly (readonly [node: string, at: number])[],
  charsMax: number,
): PackedTimes | null {
  const latest = times.reduce((max, [, at]) => Math.max(max, at), 0)
  const bytesMax = Math.floor((charsMax * 3) / 4)
  const bytes: number[] = []
  for (const [node, at] of times) {
    const before = bytes.length
    bytes.push(...digestOf(node))
    pushVarint(bytes, latest - at)
    if (bytes.length <= bytesMax) continue
    bytes.length = before
    break
  }
  return bytes.length === 0 ? null : [latest, Buffer.from(bytes).toString('base64url')]
}

/** By packed name. What is cut off, or no such thing, says nothing. */
export function unpackTimes([latest, nodes]: PackedTimes): Readonly<Record<string, number>> {
  const bytes = Buffer.from(nodes, 'base64url')
  const times: Record<string, number> = {}
  for (let at = 0; at + NAME_BYTES < bytes.length;) {
    const name = bytes.toString('base64url', at, (at += NAME_BYTES))
    let behind = 0
    let unit = 1
    let byte = 0x80
    for (; byte >= 0x80 && at < bytes.length; unit *= 128) {
      byte = bytes[at++]!
      behind += (byte & 0x7f) * unit
    }
    if (byte >= 0x80) break
    times[`${MARK}${name}`] = latest - behind
  }
  return times
}

function digestOf(node: string): Buffer {
  return hash('sha1', node, 'buffer').subarray(0, NAME_BYTES)
}

function pushVarint(bytes: number[], value: number): void {
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  bytes.push(rest)
}
