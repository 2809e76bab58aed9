import { expect } from '@jest/globals'
import type { Struct } from '@sluice/kafka-protocol'

/**
 * Kafka's own JSON form of a message: bytes are base64, record sets appear as their size, fields that the version lacks and
 * tagged fields at their default are left out.
 */
export type KafkaJson =
  null | boolean | number | bigint | string | readonly KafkaJson[] | { readonly [key: string]: KafkaJson }
type JsonObject = { readonly [key: string]: KafkaJson }

/** The message that an encoder takes for the JSON. */
export function fromKafkaJson(struct: Struct, json: JsonObject): Record<string, unknown> {
  const message: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(json)) {
    if (name === 'recordsSizeInBytes') message['records'] = new Uint8Array(Number(value))
    else message[name] = valueOf(fieldOf(struct, name), value)
  }
  return message
}

/** Fails unless the decoded message says what the JSON says. */
export function expectKafkaJson(struct: Struct, json: JsonObject, message: Record<string, unknown>): void {
  expect(Object.keys(message)).toEqual(Object.keys(struct).filter((name) => name !== '$'))
  for (const [name, wanted] of Object.entries(fromKafkaJson(struct, json)))
    expectValue(struct[name]!, wanted, message[name])
}

function expectValue(field: string | Struct, wanted: unknown, got: unknown): void {
  if (typeof field === 'string' || wanted === null) expect(got).toEqual(wanted)
  else if (Array.isArray(wanted)) {
    expect(got).toHaveLength(wanted.length)
    wanted.forEach((one, i) => expectValue(field, one, (got as unknown[])[i]))
  } else {
    for (const [name, value] of Object.entries(wanted as object)) {
      expectValue(field[name]!, value, (got as Record<string, unknown>)[name])
    }
  }
}

function fieldOf(struct: Struct, name: string): string | Struct {
  const field = struct[name]
  if (field === undefined) throw new Error(`the table has no field ${name}`)
  return field
}

function valueOf(field: string | Struct, json: KafkaJson): unknown {
  if (json === null) return null
  if (Array.isArray(json)) return json.map((one: KafkaJson) => valueOf(field, one))
  if (typeof field !== 'string') return fromKafkaJson(field, json as JsonObject)
  if (/^(\[\])?bytes/.test(field)) return new Uint8Array(Buffer.from(json as string, 'base64'))
  if (/^(\[\])?float64/.test(field)) return Number(json)
  return json
}
