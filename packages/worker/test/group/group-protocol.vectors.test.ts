/** The bytes of Connect's group, as Kafka Connect 4.3.1's own classes write and read them. */
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import {
  type AssignmentBody,
  type ConnectProtocol,
  OFFERED,
  type ProtocolVersion,
  type ReadAssignment,
  type WorkerMetadata,
  decodeAssignment,
  decodeMetadata,
  encodeAssignment,
  encodeMetadata,
} from '../../src/group/protocol.ts'
import type { Work } from '../../src/group/work-assignment.ts'

const folder = process.env['VECTORS'] ?? fileURLToPath(new URL('../../../e2e/vectors', import.meta.url))

interface Assignment {
  readonly version: number
  readonly error: number
  readonly leader: string | null
  readonly leader_url: string | null
  readonly offset: number
  readonly assigned: readonly string[]
  readonly revoked?: readonly string[]
  readonly delay?: number
}

interface Worker {
  readonly url: string
  readonly offset: number | string
  readonly allocation?: Assignment | null
}

interface Vectors {
  readonly metadata: readonly (Worker & { readonly version: ProtocolVersion; readonly bytes: string })[]
  readonly assignment: readonly {
    readonly input: Assignment & { readonly version: ProtocolVersion }
    readonly bytes: string
    readonly parsed_back?: Assignment
  }[]
  readonly subscriptions: readonly (Worker & {
    readonly 'connect.protocol': ConnectProtocol
    readonly protocols: readonly { readonly name: string; readonly metadata: string }[]
  })[]
  readonly parsed: readonly ({
    readonly what: 'metadata' | 'assignment'
    readonly hex: string
    readonly result?: Assignment
    readonly error?: { readonly message: string }
  } & Partial<Worker>)[]
}

const vectors = JSON.parse(fs.readFileSync(path.join(folder, 'connect/group-protocol.json'), 'utf8')) as Vectors

/** What Java makes of no allocation at all. */
const NOTHING: Assignment = {
  version: 1,
  error: 0,
  leader: null,
  leader_url: null,
  offset: -1,
  assigned: [],
  revoked: [],
  delay: 0,
}

/** `c` is a connector, `c-0` its task 0: in the vectors no connector's name ends like a task's. */
function workOf(names: readonly string[] = []): Work {
  const tasks = names.flatMap((name) => {
    const [, connector, task] = /^(.+)-(\d+)$/.exec(name) ?? []
    return connector === undefined ? [] : [{ connector, task: Number(task) }]
  })
  return { connectors: names.filter((name) => !/-\d+$/.test(name)), tasks }
}

function bodyOf({ error, leader, leader_url: url, offset, assigned, revoked, delay }: Assignment): AssignmentBody {
  return {
    error,
    leaderId: leader ?? '',
    leaderUrl: url ?? '',
    configOffset: BigInt(offset),
    assigned: workOf(assigned),
    revoked: workOf(revoked),
    delayMs: delay ?? 0,
  }
}

function metadataOf({ url, offset, allocation }: Worker): WorkerMetadata {
  const isNothing = allocation === undefined || allocation === null || allocation.leader === null
  return { url, configOffset: BigInt(offset), allocation: isNothing ? null : bodyOf(allocation) }
}

function readAs(wanted: Assignment): ReadAssignment {
  return { version: wanted.version, ...bodyOf(wanted) }
}

/** Java's words for the end of a buffer are its class's name; ours are a sentence. */
function inOurWords(message: string): string {
  return message.replaceAll('java.nio.BufferUnderflowException', 'the bytes end')
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const fromBase64 = (text: string): Uint8Array => Buffer.from(text, 'base64')

describe("the bytes of Connect's group", () => {
  test(`${vectors.metadata.length} metadata are written as Java writes them, and read back`, () => {
    expect(vectors.metadata.length).toBeGreaterThanOrEqual(11)
    for (const { version, bytes, ...worker } of vectors.metadata) {
      const metadata = metadataOf(worker)
      expect(base64(encodeMetadata(version, metadata))).toBe(bytes)
      const { allocation, ...read } = decodeMetadata(fromBase64(bytes))
      expect(read).toEqual({ url: metadata.url, configOffset: metadata.configOffset })
      expect(allocation === null).toBe(metadata.allocation === null)
      if (allocation !== null) expect(base64(encodeAssignment(version, allocation))).toBe(innerOf(version, metadata))
    }
  })

  test(`${vectors.assignment.length} assignments are written as Java writes them, and read as Java reads them`, () => {
    expect(vectors.assignment.length).toBeGreaterThanOrEqual(12)
    for (const { input, bytes, parsed_back: parsed } of vectors.assignment) {
      expect(base64(encodeAssignment(input.version, bodyOf(input)))).toBe(bytes)
      const read = decodeAssignment(fromBase64(bytes))
      if (parsed !== undefined) expect(read).toEqual(readAs(parsed))
      expect(base64(encodeAssignment(input.version, read))).toBe(bytes)
    }
  })

  test(`${vectors.subscriptions.length} times a worker offers the protocols that Java offers, in the same order`, () => {
    expect(vectors.subscriptions.length).toBeGreaterThanOrEqual(9)
    for (const { 'connect.protocol': setting, protocols, ...worker } of vectors.subscriptions) {
      const offers = OFFERED[setting].map(([name, version]) => ({
        name,
        metadata: base64(encodeMetadata(version, metadataOf(worker))),
      }))
      expect(offers).toEqual(protocols)
    }
  })

  test(`${vectors.parsed.length} odd pieces of bytes are taken or refused as by Java's parser`, () => {
    expect(vectors.parsed.length).toBeGreaterThanOrEqual(16)
    for (const one of vectors.parsed) {
      const bytes = Buffer.from(one.hex, 'hex')
      const decode = one.what === 'metadata' ? decodeMetadata : decodeAssignment
      if (one.error !== undefined) {
        expect(() => decode(bytes)).toThrow(new Error(inOurWords(one.error.message)))
      } else if (one.what === 'assignment') {
        expect(decodeAssignment(bytes)).toEqual(readAs(one.result!))
      } else {
        const { url, configOffset, allocation } = decodeMetadata(bytes)
        expect({ url, configOffset }).toEqual({ url: one.url, configOffset: BigInt(one.offset!) })
        const wanted = one.allocation!
        expect(allocation).toEqual(wanted.leader === null ? null : readAs(wanted))
        if (wanted.leader === null) expect(wanted).toEqual(NOTHING)
      }
    }
  })
})

function innerOf(version: ProtocolVersion, { allocation }: WorkerMetadata): string {
  return base64(encodeAssignment(version, allocation!))
}
