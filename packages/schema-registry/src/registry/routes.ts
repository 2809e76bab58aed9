/** Confluent's REST API: every path that is served, and what it does. */
import { messagesOf } from './registry.ts'
import type { Registry } from './registry.ts'
import { schemaAnswer, versionAnswer } from './answers.ts'
import { refusals } from './refusal.ts'
import type { StoredVersion } from './registry-state.ts'
import type { AskedFor } from './requests.ts'
import { contextOf } from './subjects.ts'

export type Handler = (registry: Registry, asked: AskedFor) => unknown

/** `method path`, in which `{name}` is any one segment; of two that fit, the one above. */
export const ROUTES: Readonly<Record<string, Handler>> = {
  'GET /': () => ({}),
  'GET /v1/metadata/id': () => ({
    scope: { path: [], clusters: { 'schema-registry-cluster': 'schema-registry' } },
    id: '',
  }),
  'GET /v1/metadata/version': () => ({ version: '7.9.0', commitId: '' }),
  'GET /contexts': ({ state }) => state.contexts(),

  'GET /schemas/types': () => ['JSON', 'PROTOBUF', 'AVRO'],
  'GET /schemas': listSchemas,
  'GET /schemas/ids/{id}': (registry, asked) => {
    const maxId = asked.isSet('fetchMaxId') ? { maxId: registry.state.idMax(contextOf(asked.idContext)) } : {}
    return { ...schemaAnswer(byId(registry, asked)[0]!), ...maxId }
  },
  'GET /schemas/ids/{id}/schema': (registry, asked) => asJson(byId(registry, asked)[0]!.text),
  'GET /schemas/ids/{id}/subjects': (registry, asked) => unique(visible(registry, asked).map(({ subject }) => subject)),
  'GET /schemas/ids/{id}/versions': (registry, asked) =>
    visible(registry, asked).map(({ subject, version }) => ({ subject, version })),

  'GET /subjects': listSubjects,
  'GET /subjects/{subject}/versions': ({ state }, asked) => {
    const { subject } = asked
    const isOnlyDeleted = asked.isSet('deletedOnly')
    const all = state.versions(subject, isOnlyDeleted || asked.isSet('deleted'))
    const versions = all.filter(({ isDeleted }) => isDeleted || !isOnlyDeleted)
    if (versions.length === 0) throw refusals.subjectNotFound(subject)
    return asked.page(versions.map(({ version }) => version))
  },
  'GET /subjects/{subject}/versions/{version}': ({ state }, asked) =>
    versionAnswer(asked.version(state, asked.isSet('deleted'))),
  'GET /subjects/{subject}/versions/{version}/schema': ({ state }, asked) =>
    asJson(asked.version(state, asked.isSet('deleted')).text),
  'GET /subjects/{subject}/versions/{version}/referencedby': ({ state }, asked) => {
    const { subject, version } = asked.version(state, true)
    return state.referencedBy(subject, version)
  },
  'POST /subjects/{subject}': (registry, asked) =>
    versionAnswer(registry.lookUp(asked.subject, asked.schema, asked.isSet('normalize'), asked.isSet('deleted'))),
  'POST /subjects/{subject}/versions': async (registry, asked) => {
    const { id } = await registry.register(asked.subject, asked.schema, asked.isSet('normalize'))
    return { id }
  },
  'DELETE /subjects/{subject}': (registry, asked) => registry.deleteSubject(asked.subject, asked.isSet('permanent')),
  'DELETE /subjects/{subject}/versions/{version}': (registry, asked) => {
    const isPermanent = asked.isSet('permanent')
    return registry.deleteVersion(asked.subject, asked.version(registry.state, true), isPermanent)
  },

  'POST /compatibility/subjects/{subject}/versions': (registry, asked) =>
    compatibilityAnswer(registry, asked, registry.state.versions(asked.subject)),
  'POST /compatibility/subjects/{subject}/versions/{version}': (registry, asked) =>
    compatibilityAnswer(registry, asked, asked.comparedVersions(registry.state)),

  'GET /config': (registry) => ({ ...registry.state.config(null), compatibilityLevel: registry.level(null) }),
  'PUT /config': async (registry, asked) => {
    await registry.setConfig(null, asked.object)
    return asked.object
  },
  'DELETE /config': async (registry) => ({ compatibilityLevel: await registry.deleteConfig(null) }),
  'GET /config/{subject}': (registry, asked) => {
    const own = registry.state.config(asked.subject)
    if (own === undefined && !asked.isSet('defaultToGlobal')) throw refusals.noConfig(asked.subject)
    return { ...own, compatibilityLevel: registry.level(asked.subject) }
  },
  'PUT /config/{subject}': async (registry, asked) => {
    await registry.setConfig(asked.subject, asked.object)
    return asked.object
  },
  'DELETE /config/{subject}': async (registry, asked) => ({
    compatibilityLevel: await registry.deleteConfig(asked.subject),
  }),

  'GET /mode': (registry) => ({ mode: registry.mode(null) }),
  'PUT /mode': async (registry, asked) => {
    await registry.setMode(null, asked.object['mode'], asked.isSet('force'))
    return { mode: registry.mode(null) }
  },
  'GET /mode/{subject}': (registry, asked) => {
    const own = registry.state.mode(asked.subject)
    if (own === undefined && !asked.isSet('defaultToGlobal')) throw refusals.noMode(asked.subject)
    return { mode: registry.mode(asked.subject) }
  },
  'PUT /mode/{subject}': async (registry, asked) => {
    await registry.setMode(asked.subject, asked.object['mode'], asked.isSet('force'))
    return { mode: registry.state.mode(asked.subject) }
  },
  'DELETE /mode/{subject}': async (registry, asked) => ({ mode: await registry.deleteMode(asked.subject) }),
}

/** Every endpoint, as in `GET /subjects`. */
export const REGISTRY_ENDPOINTS: readonly string[] = Object.keys(ROUTES)

function listSubjects({ state }: Registry, asked: AskedFor): unknown {
  const isOnlyDeleted = asked.isSet('deletedOnly')
  const prefix = asked.text('subjectPrefix') ?? (asked.context === '.' ? '' : `:${asked.context}:`)
  const subjects = state
    .subjects(isOnlyDeleted || asked.isSet('deleted'))
    .filter((subject) => prefix === ':*:' || subject.startsWith(prefix))
    .filter((subject) => !isOnlyDeleted || state.versions(subject).length === 0)
  return asked.page(subjects)
}

function listSchemas({ state }: Registry, asked: AskedFor): unknown {
  const withDeleted = asked.isSet('deleted')
  const prefix = asked.text('subjectPrefix') ?? ''
  const schemas = state
    .subjects(withDeleted)
    .filter((subject) => prefix === ':*:' || subject.startsWith(prefix))
    .flatMap((subject) => {
      const versions = state.versions(subject, withDeleted)
      return asked.isSet('latestOnly') ? versions.slice(-1) : versions
    })
  return asked.page(schemas).map(versionAnswer)
}

/** Softly deleted versions too: records were written with them. */
function byId({ state }: Registry, asked: AskedFor): readonly StoredVersion[] {
  const found = state.withId(contextOf(asked.idContext), asked.id)
  if (found.length === 0) throw refusals.idNotFound(asked.id)
  return found
}

function visible(registry: Registry, asked: AskedFor): readonly StoredVersion[] {
  const withDeleted = asked.isSet('deleted')
  return byId(registry, asked).filter(({ isDeleted }) => withDeleted || !isDeleted)
}

function compatibilityAnswer(registry: Registry, asked: AskedFor, versions: readonly StoredVersion[]): unknown {
  const { subject, schema } = asked
  const found = registry.check(subject, schema, versions)
  const messages = asked.isSet('verbose') ? { messages: messagesOf(found, versions, registry.level(subject)) } : {}
  return { is_compatible: found.length === 0, ...messages }
}

/** Avro and JSON Schema are told as the JSON that they are, Protobuf and bare names as text. */
function asJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function unique(items: readonly string[]): readonly string[] {
  return [...new Set(items)]
}
