/** What Kafka Connect 4.3.1 answered about plugins and settings, beside what we answer. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import type { SettingDefinition, SettingsValidation } from '@sluice/sdk'
import { HerderError } from '../../src/herder/herder.ts'
import { invalidConfiguration } from '../../src/herder/refusals.ts'
import { PluginDirectory } from '../../src/validation/plugin-directory.ts'
import { validationParts } from '../support/connect-plugins.ts'

interface Exchange {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly request_body?: string
  readonly status: number
  readonly response_body?: unknown
}

/** The cases are data from outside of the project: VECTORS says where they are, if not in packages/e2e. */
const folder = process.env['VECTORS'] ?? path.join(import.meta.dirname, '../../../e2e/vectors')
const { cases } = JSON.parse(readFileSync(path.join(folder, 'connect/rest.json'), 'utf8')) as {
  readonly cases: readonly Exchange[]
}
const directory = new PluginDirectory(validationParts(), new AbortController().signal)

/** Compared in shape, or not as they are, each with the reason. */
const OTHERWISE: Readonly<Record<string, string>> = {
  'rest-084': 'MirrorMaker’s connectors are not carried',
  'rest-085': 'MirrorMaker’s connectors are not carried',
  'rest-099': 'a config without a class is a bad request (400), as in later releases, and no server error',
  'rest-102': 'of a pattern that is missing the JVM says, besides, that it is null',
  'rest-071': 'a predicate that is not defined is refused before the task fails on it',
  'rest-073': 'acks=5 is refused before the task fails on it',
  'rest-075': 'a number of partitions that is none is refused before the connector fails on it',
  'rest-272': 'acks=5 is refused before the task fails on it',
  'rest-274': 'a number of partitions that is none is refused before the connector fails on it',
  'rest-276': 'a predicate that is not defined is refused before the task fails on it',
}
const compared = { exactly: 0, otherwise: new Set<string>() }
afterAll(() => {
  const names = [...compared.otherwise].map((id) => `\n  ${id}: ${OTHERWISE[id]}`)
  console.info(`validation: ${compared.exactly} cases as they are, ${names.length} otherwise:${names.join('')}`)
})

function count(id: string): void {
  if (OTHERWISE[id] === undefined) compared.exactly++
  else compared.otherwise.add(id)
}

const LISTED = new Set(directory.list(false).map(({ class: name }) => name))

/** Without the plugins that Kafka Connect does not bring itself. */
function connects(recommended: readonly (string | null)[]): readonly (string | null)[] {
  return recommended.filter((name) => name === null || !LISTED.has(name) || name.startsWith('org.apache.kafka.'))
}

/** Ours are in a group of their own; texts for people are in words of our own. */
function comparable(definition: SettingDefinition | null): unknown {
  return definition && { ...definition, documentation: expect.any(String) }
}
const isOurs = (definition: SettingDefinition | null): boolean => definition?.group === 'Sluice'

function parse(text: string | undefined): Readonly<Record<string, string | null>> {
  return JSON.parse(text ?? '{}') as Record<string, string | null>
}

describe('GET /connector-plugins', () => {
  test.each(cases.filter(({ path: asked }) => /^\/connector-plugins\/?(?:\?|$)/.test(asked)))(
    '$id: what we carry is listed alike, in the same order',
    ({ id, path: asked, response_body: body }) => {
      const list = directory.list(!asked.includes('connectorsOnly=false'))
      const theirs = (body as readonly { readonly class: string }[]).filter(
        ({ class: name }) => !name.includes('.mirror.'),
      )
      const connects = list.filter(({ class: name }) => name.startsWith('org.apache.kafka.'))
      expect(connects).toEqual(theirs)
      count(id)
    },
  )
})

describe('GET /connector-plugins/{plugin}/config', () => {
  const asked = cases.filter(({ path: at }) => /^\/connector-plugins\/[^/]+\/config(?:\?|$)/.test(at))

  test.each(asked)('$id', async ({ id, path: at, status, response_body: body }) => {
    const url = new URL(at, 'http://worker')
    const plugin = decodeURIComponent(url.pathname.split('/')[2]!)
    const version = url.searchParams.get('version') ?? undefined
    count(id)
    if (status !== 200) {
      const error = (await directory.definitions(plugin, version).catch((thrown: unknown) => thrown)) as HerderError
      expect({ error_code: error.status, message: error.message }).toEqual(body)
      return
    }
    const definitions = await directory.definitions(plugin, version)
    expect(definitions.filter((definition) => !isOurs(definition))).toEqual(
      (body as readonly SettingDefinition[]).map(comparable),
    )
  })
})

describe('PUT /connector-plugins/{plugin}/config/validate', () => {
  const asked = cases.filter(({ path: at, status }) => at.endsWith('/config/validate') && status === 200)

  test.each(asked)('$id', async ({ id, path: at, request_body: request, response_body: body }) => {
    const answer = await directory.validate(decodeURIComponent(at.split('/')[2]!), parse(request))
    const theirs = body as SettingsValidation
    expect(answer.name).toBe(theirs.name)
    expect(answer.groups.filter((group) => group !== 'Sluice')).toEqual(theirs.groups)
    const ours = answer.configs
      .filter(({ definition }) => !isOurs(definition))
      .map(({ definition, value }) => ({
        definition,
        value: { ...value, recommended_values: connects(value.recommended_values) },
      }))
    const isPattern = (name: string): boolean => id === 'rest-102' && name === 'predicates.p.pattern'
    expect(ours).toEqual(
      theirs.configs.map(({ definition, value }) => ({
        definition: comparable(definition),
        value: {
          ...value,
          errors: isPattern(value.name) ? value.errors.slice(0, 1) : value.errors,
          recommended_values: value.recommended_values,
        },
      })),
    )
    expect(answer.error_count).toBe(theirs.error_count - (id === 'rest-102' ? 1 : 0))
    count(id)
  })

  test.each(cases.filter(({ id }) => id === 'rest-099'))(
    '$id: is a bad request',
    async ({ id, request_body: body }) => {
      await expect(directory.validate('FileStreamSource', parse(body))).rejects.toMatchObject({
        status: 400,
        message: 'Connector config {} contains no connector type',
      })
      count(id)
    },
  )
})

describe('a connector that is created or changed', () => {
  const asked = cases
    .flatMap((exchange) => {
      const created = exchange.method === 'POST' && exchange.path === '/connectors'
      const changed = exchange.method === 'PUT' && /^\/connectors\/[^/]+\/config$/.test(exchange.path)
      if (!created && !changed) return []
      const config = configOf(exchange)
      return config === null || exchange.status >= 409 ? [] : [{ ...exchange, config }]
    })
    // Whether the name in the body is the URL's is the herder's business.
    .filter(({ response_body: body }) => !JSON.stringify(body).includes('connector name in the URL'))

  test.each(asked)('$id: $status', async ({ id, status, config, response_body: body }) => {
    count(id)
    const error = await directory.validate(null, config).then(
      (answer) => (answer.error_count === 0 ? null : invalidConfiguration(answer)),
      (thrown: unknown) => thrown as HerderError,
    )
    if (OTHERWISE[id] !== undefined) expect(error).toMatchObject({ status: 400 })
    else if (status < 300) expect(error).toBeNull()
    else expect({ error_code: error?.status, message: error?.message }).toEqual(body)
  })
})

/** As the resource hands it on: with its name last. Null for a body that never becomes a config. */
function configOf({ method, path: at, request_body: text }: Exchange): Readonly<Record<string, string>> | null {
  let body: { readonly name?: unknown; readonly config?: unknown }
  try {
    body = JSON.parse(text ?? '') as typeof body
  } catch {
    return null
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return null
  const config = method === 'POST' ? body.config : body
  const name = method === 'POST' ? body.name : decodeURIComponent(at.split('/')[2]!)
  if (typeof config !== 'object' || config === null || typeof name !== 'string') return null
  const texts = Object.entries(config).map(([key, value]) => [key, String(value)] as const)
  return { ...Object.fromEntries(texts), name }
}
