/** Google's own compiler of Protobuf, which also turns messages into text and text into messages. Needs protoc. */
import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

export const hasProtoc: boolean = spawnSync('protoc', ['--version']).status === 0

const TIMEOUT_MS = 30_000

/** Files that ours import. */
const INCLUDED: Readonly<Record<string, string>> = {
  'confluent/meta.proto':
    'package confluent; import "google/protobuf/descriptor.proto"; message Meta { string doc = 1; map<string, string> params = 2; } ' +
    'extend google.protobuf.FieldOptions { Meta field_meta = 1088; }',
  'confluent/type/decimal.proto':
    'package confluent.type; message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; }',
  'google/type/date.proto': 'package google.type; message Date { int32 year = 1; int32 month = 2; int32 day = 3; }',
  'google/type/timeofday.proto':
    'package google.type; message TimeOfDay { int32 hours = 1; int32 minutes = 2; int32 seconds = 3; int32 nanos = 4; }',
  'google/protobuf/timestamp.proto':
    'package google.protobuf; message Timestamp { int64 seconds = 1; int32 nanos = 2; }',
  'google/protobuf/wrappers.proto':
    'package google.protobuf; message DoubleValue { double value = 1; } message FloatValue { float value = 1; } ' +
    'message Int64Value { int64 value = 1; } message Int32Value { int32 value = 1; } message BoolValue { bool value = 1; } ' +
    'message StringValue { string value = 1; } message BytesValue { bytes value = 1; }',
}

export class Protoc implements Disposable {
  readonly #folder = fs.mkdtempSync(path.join(os.tmpdir(), 'protoc-'))

  constructor() {
    this.#write(
      'google/protobuf/descriptor.proto',
      'syntax = "proto2"; package google.protobuf; message FieldOptions { extensions 1000 to max; }',
    )
    for (const [file, text] of Object.entries(INCLUDED)) this.#write(file, `syntax = "proto3"; ${text}`)
  }

  /**
   * Reads messages, makes a text of them, and messages of that text.
   * @param name the full name of the messages' type
   */
  there(text: string, name: string, messages: readonly Uint8Array[]): readonly Buffer[] {
    this.#write('own.proto', text)
    this.#write('all.proto', `syntax = "proto3"; import "own.proto"; message All { repeated .${name} one = 1; }`)
    const all = Buffer.concat(messages.flatMap((message) => [Buffer.from([0x0a, ...varint(message.length)]), message]))
    const read = this.#run('--decode=All', all)
    return split(this.#run('--encode=All', read))
  }

  #run(what: string, input: Buffer): Buffer {
    return execFileSync('protoc', [`-I${this.#folder}`, what, 'all.proto'], {
      input,
      timeout: TIMEOUT_MS,
      maxBuffer: 2 ** 28,
    })
  }

  #write(file: string, text: string): void {
    const target = path.join(this.#folder, file)
    fs.mkdirSync(path.dirname(target), { recursive: true })
    fs.writeFileSync(target, text)
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.#folder, { recursive: true })
  }
}

function varint(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]
}

function split(all: Buffer): readonly Buffer[] {
  const messages: Buffer[] = []
  for (let at = 0; at < all.length;) {
    at++
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const byte = all[at++]!
      length |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    messages.push(all.subarray(at, at + length))
    at += length
  }
  return messages
}
