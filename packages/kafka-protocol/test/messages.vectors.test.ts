import { describe, expect, test } from '@jest/globals'
import {
  API_VERSIONS,
  type ApiDefinition,
  type ApiName,
  ProtocolError,
  apiVersions,
  apis,
  decodeRequest,
  decodeRequestBody,
  decodeRequestHeader,
  decodeResponse,
  decodeResponseBody,
  encodeRequestBody,
  encodeResponseBody,
} from '@sluice/kafka-protocol'
import { type KafkaJson, expectKafkaJson, fromKafkaJson } from './kafka-json.ts'
import { expandFields } from './schema-tree.ts'
import { checkAll, readVectors } from './vectors.ts'

interface MessageCase {
  readonly api: number
  readonly version: number
  readonly kind: 'request' | 'response'
  readonly message: { readonly [key: string]: KafkaJson }
  readonly bytes: string
}
interface SchemaApi {
  readonly key: number
  readonly name: string
  readonly min: number
  readonly max: number
  readonly maxStable: number
  readonly listeners: readonly string[]
  readonly versions: readonly {
    readonly version: number
    readonly requestHeader: number
    readonly responseHeader: number
    readonly request: unknown
    readonly response: unknown
  }[]
}

const { cases } = readVectors('messages.json') as { cases: MessageCase[] }
const schemas = readVectors('schemas.json') as { apis: SchemaApi[] }
const ours = cases.filter(({ api }) => apiVersions(api) !== undefined)
const nameOf = ({ api, version, kind }: MessageCase, i: number): string => `#${i} key ${api} v${version} ${kind}`
const apiNameOf = (key: number): ApiName => apiVersions(key)!.name
const definitionOf = (key: number): ApiDefinition => apis[apiNameOf(key)]
const bytesOf = ({ bytes }: MessageCase): Uint8Array => new Uint8Array(Buffer.from(bytes, 'base64'))

function encode({ api, version, kind }: MessageCase, message: Record<string, unknown>): Uint8Array {
  const body = message as never
  return kind === 'request'
    ? encodeRequestBody(apiNameOf(api), version, body)
    : encodeResponseBody(apiNameOf(api), version, body)
}

function decode({ api, version, kind }: MessageCase, bytes: Uint8Array): Record<string, unknown> {
  const name = apiNameOf(api)
  return kind === 'request' ? decodeRequestBody(name, version, bytes) : decodeResponseBody(name, version, bytes)
}

function refusalOf(read: () => unknown): string {
  try {
    read()
    return 'accepted'
  } catch (error) {
    return error instanceof ProtocolError ? error.code : String(error)
  }
}

describe(`messages as Kafka's own classes write them (${ours.length} of ${cases.length} cases are of APIs in the table)`, () => {
  test('bytes decode to the message', () => {
    expect(ours.length).toBeGreaterThan(0)
    checkAll(ours, nameOf, (one) => {
      expectKafkaJson(definitionOf(one.api)[one.kind], one.message, decode(one, bytesOf(one)))
    })
  })

  test('the message encodes to the bytes', () => {
    checkAll(ours, nameOf, (one) => {
      const message = fromKafkaJson(definitionOf(one.api)[one.kind], one.message)
      expect(Buffer.from(encode(one, message)).toString('base64')).toBe(one.bytes)
    })
  })

  test('what was decoded encodes to the same bytes', () => {
    checkAll(ours, nameOf, (one) => {
      expect(Buffer.from(encode(one, decode(one, bytesOf(one)))).toString('base64')).toBe(one.bytes)
    })
  })

  test('a message that is cut off anywhere is refused', () => {
    checkAll(ours, nameOf, (one) => {
      const bytes = bytesOf(one)
      for (let length = 0; length < bytes.length; length++) {
        const code = refusalOf(() => decode(one, bytes.subarray(0, length)))
        if (code !== 'MALFORMED') throw new Error(`${length} of ${bytes.length} bytes: ${code}`)
      }
    })
  })
})

describe("the table against Kafka's schemas", () => {
  const known = schemas.apis.filter(({ key }) => apiVersions(key) !== undefined)

  test('every API of the table is one of Kafka, under its name', () => {
    expect(API_VERSIONS.map(({ key, name }) => `${key} ${name.toLowerCase()}`)).toEqual(
      known.map(({ key, name }) => `${key} ${name.toLowerCase()}`),
    )
  })

  test.each(known.map((api) => [api.name, api] as const))(
    '%s has the versions, fields and types of Kafka',
    (_name, api) => {
      const facts = apiVersions(api.key)!
      const definition = definitionOf(api.key)
      expect([facts.minVersion, facts.maxVersion, facts.stableVersion]).toEqual([api.min, api.max, api.maxStable])
      for (const { version, requestHeader, request, response } of api.versions) {
        const isFlexible = requestHeader === 2
        const all = { first: api.min, last: api.max }
        expect({ version, fields: expandFields(definition.request, version, all, isFlexible) }).toEqual({
          version,
          fields: request,
        })
        expect({ version, fields: expandFields(definition.response, version, all, isFlexible) }).toEqual({
          version,
          fields: response,
        })
      }
    },
  )

  test('request headers are in the version that Kafka expects', () => {
    for (const { key, versions } of known) {
      for (const { version, requestHeader } of versions) {
        const header = [0, key, version >> 8, version, 0, 0, 0, 7, 0, 1, 0x63, 0]
        expect(decodeRequestHeader(Uint8Array.from(header))).toEqual({
          apiKey: key,
          apiVersion: version,
          correlationId: 7,
          clientId: 'c',
          bodyPosition: requestHeader === 2 ? 12 : 11,
        })
      }
    }
  })

  test('whole frames decode behind the headers that Kafka writes', () => {
    checkAll(ours, nameOf, (one) => {
      const schema = known.find(({ key }) => key === one.api)!.versions.find(({ version }) => version === one.version)!
      const tags = (one.kind === 'request' ? schema.requestHeader === 2 : schema.responseHeader === 1) ? [0] : []
      const body = Buffer.from(one.bytes, 'base64')
      const definition = definitionOf(one.api)[one.kind]
      if (one.kind === 'request') {
        const frame = Buffer.concat([Uint8Array.of(0, one.api, 0, one.version, 0, 0, 1, 0, 255, 255, ...tags), body])
        const request = decodeRequest(frame)
        expect([request.api, request.version, request.correlationId, request.clientId]).toEqual([
          apiNameOf(one.api),
          one.version,
          256,
          null,
        ])
        expectKafkaJson(definition, one.message, request.body)
      } else {
        const frame = Buffer.concat([Uint8Array.of(0, 0, 1, 0, ...tags), body])
        const response = decodeResponse(apiNameOf(one.api), one.version, frame)
        expect(response.correlationId).toBe(256)
        expectKafkaJson(definition, one.message, response.body)
      }
    })
  })
})
