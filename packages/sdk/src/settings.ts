/**
 * Settings are declared once. The declaration gives the typed object that a task is made with, Kafka's validation
 * (`org.apache.kafka.common.config.ConfigDef`) with its messages, Kafka Connect's REST answers, and the reference page.
 */
import { SluiceError } from './errors.ts'
import type {
  RawSettings,
  SettingDeclaration,
  SettingDeclarations,
  SettingValue,
  SettingsShape,
  ShapeOf,
} from './settings/declaration.ts'
import { nearestName } from './settings/nearest-name.ts'
import { settingsPage } from './settings/page.ts'
import { readSettings, settingDefinitions, validation } from './settings/validation.ts'
import type { SettingDefinition, SettingProblem, SettingsValidation } from './settings/validation.ts'

export type * from './settings/declaration.ts'
export { nearestName } from './settings/nearest-name.ts'
export { Password } from './settings/password.ts'
export { withErrors } from './settings/validation.ts'
export type {
  SettingDefinition,
  SettingProblem,
  SettingsValidation,
  ValidatedSetting,
  ValidatedValue,
} from './settings/validation.ts'
export * from './settings/validators.ts'

/** Of more keys than this the nearest is not looked for: that takes its time, and a hostile config has very many. */
const HINTS_MAX = 20

/** A key that no declaration knows, and what it was probably meant to be. */
export interface UnknownKey {
  readonly key: string
  /** Undefined: no name is near, or it is not among the first twenty unknown ones. */
  readonly nearest: string | undefined
}

/** A set of declared settings. `S` is the typed object that `parse` gives. */
export interface SettingsDeclaration<S extends SettingsShape = SettingsShape> {
  /** The declarations by setting name, in order. */
  readonly declarations: SettingDeclarations
  /**
   * The typed object. Keys that are not declared are left aside, as in ConfigDef: see `unknownKeys`.
   * @throws SluiceError SETTINGS_INVALID that lists every problem with its setting, its value (never a secret) and what would be right
   */
  parse(raw: RawSettings): S
  /** Every problem; none when `parse` would succeed. */
  problems(raw: RawSettings): readonly SettingProblem[]
  /** Kafka Connect's answer to `…/config/validate`; `name` is the plugin's. */
  validate(raw: RawSettings, name?: string): SettingsValidation
  /** Kafka Connect's answer to `GET /connector-plugins/{plugin}/config`. */
  definitions(): readonly SettingDefinition[]
  /** Given keys that are not declared: no error, but worth a warning. `alsoKnown` keys or prefixes (ending in `.`) are somebody else's. */
  unknownKeys(raw: RawSettings, alsoKnown?: Iterable<string>): readonly UnknownKey[]
  /** These settings and the other's. A name in both keeps its place and takes the other's declaration. */
  extend<T extends SettingsShape>(other: SettingsDeclaration<T>): SettingsDeclaration<Omit<S, keyof T> & T>
  /**
   * The same settings under a prefix and a group, as ConfigDef's `embed` does for `transforms.<alias>.`. Validators and
   * recommenders still see the names without it.
   */
  prefixed(prefix: string, group: string, firstOrder?: number): SettingsDeclaration
  /** The reference page's section on these settings, in Markdown, below headings of the given level. */
  page(headingLevel?: number): string
}

/** The typed object of a declaration: `type FileSettings = ParsedSettings<typeof fileSettings>`. */
export type ParsedSettings<D> = D extends SettingsDeclaration<infer S> ? S : never

/** What `createTask` is given: the typed object itself. */
export type SettingsOf<S extends SettingsShape> = S

/** What concerns several settings at once. */
export interface SettingsRules<S extends SettingsShape> {
  /** Complaints about combinations. Asked only when each setting is right by itself. */
  check?(settings: S): Iterable<SettingProblem>
}

/**
 * Declares settings.
 *
 * ```ts
 * const settings = defineSettings({
 *   file: { type: 'string', importance: 'high', documentation: 'The file to read.' },
 *   'batch.size': { type: 'int', default: 2000, validator: atLeast(1), importance: 'low', documentation: 'Records per poll.' },
 *   'key.field': { type: 'string', default: null, importance: 'low', documentation: 'The column that becomes the key.' },
 * })
 * // settings.parse(raw): { file: string; 'batch.size': number; 'key.field': string | null }
 * ```
 * @throws SluiceError SETTINGS_INVALID when a default does not pass its own validator, or a dependent is not declared
 */
export function defineSettings<const D extends SettingDeclarations>(
  declarations: D,
  rules: SettingsRules<ShapeOf<D>> = {},
): SettingsDeclaration<ShapeOf<D>> {
  const check = rules.check?.bind(rules) as ((settings: SettingsShape) => Iterable<SettingProblem>) | undefined
  return new DeclaredSettings(declarations, check === undefined ? [] : [check]) as SettingsDeclaration<ShapeOf<D>>
}

type Check = (settings: SettingsShape) => Iterable<SettingProblem>

class DeclaredSettings implements SettingsDeclaration {
  readonly declarations: SettingDeclarations
  readonly #checks: readonly Check[]

  constructor(declarations: SettingDeclarations, checks: readonly Check[]) {
    assertSound(declarations)
    this.declarations = Object.freeze({ ...declarations })
    this.#checks = checks
  }

  parse(raw: RawSettings): SettingsShape {
    const { values, problems } = this.#read(raw)
    if (problems.length > 0) throw this.#error(raw, problems)
    return Object.freeze(values)
  }

  problems(raw: RawSettings): readonly SettingProblem[] {
    return this.#read(raw).problems
  }

  validate(raw: RawSettings, name = ''): SettingsValidation {
    const read = this.#read(raw)
    return validation(this.declarations, read, read.problems, name)
  }

  definitions(): readonly SettingDefinition[] {
    return settingDefinitions(this.declarations)
  }

  unknownKeys(raw: RawSettings, alsoKnown: Iterable<string> = []): readonly UnknownKey[] {
    const others = [...alsoKnown]
    const known = new Set([...Object.keys(this.declarations), ...others])
    return Object.keys(raw)
      .filter((key) => !known.has(key) && !others.some((prefix) => prefix.endsWith('.') && key.startsWith(prefix)))
      .map((key, at) => ({ key, nearest: at < HINTS_MAX ? nearestName(key, known) : undefined }))
  }

  extend<T extends SettingsShape>(other: SettingsDeclaration<T>): SettingsDeclaration<T> {
    const checks = other instanceof DeclaredSettings ? other.#checks : []
    const merged = new DeclaredSettings({ ...this.declarations, ...other.declarations }, [...this.#checks, ...checks])
    return merged as unknown as SettingsDeclaration<T>
  }

  prefixed(prefix: string, group: string, firstOrder = 0): SettingsDeclaration {
    const embedded = Object.entries(this.declarations).map(([name, declaration], index) => {
      const groups = declaration.group === undefined ? group : `${group}: ${declaration.group}`
      const displayName = declaration.displayName ?? name
      return [
        prefix + name,
        { ...embed(declaration, prefix), displayName, group: groups, order: firstOrder + index },
      ] as const
    })
    const checks = this.#checks.map((check): Check => {
      const names = Object.keys(this.declarations)
      return (settings) =>
        [...check(Object.fromEntries(names.map((name) => [name, settings[prefix + name]])))].map((problem) => ({
          ...problem,
          setting: prefix + problem.setting,
        }))
    })
    return new DeclaredSettings(Object.fromEntries(embedded), checks)
  }

  page(headingLevel = 3): string {
    return settingsPage(this.declarations, headingLevel)
  }

  #read(raw: RawSettings): ReturnType<typeof readSettings> {
    const read = readSettings(this.declarations, raw)
    if (read.problems.length > 0) return read
    return { ...read, problems: this.#checks.flatMap((check) => [...check(read.values)]) }
  }

  #error(raw: RawSettings, problems: readonly SettingProblem[]): SluiceError {
    // A value that cannot be parsed may have drawn a second complaint, about null: a person needs the first only.
    const first = [...new Map(problems.toReversed().map((problem) => [problem.setting, problem])).values()].toReversed()
    const lines = first.map(({ setting, message }) => `  - ${message}${this.#expectation(setting)}`)
    const unknown = this.unknownKeys(raw)
    const hints = first.flatMap(({ setting }) => {
      const typed = nearestName(
        setting,
        unknown.map(({ key }) => key),
      )
      return typed === undefined || Object.hasOwn(raw, setting)
        ? []
        : [`Did you mean "${setting}" where it says "${typed}"?`]
    })
    const count = first.length === 1 ? 'A setting is' : `${first.length} settings are`
    const remedy = ['Correct the settings named above and submit them again.', ...hints].join(' ')
    return new SluiceError('SETTINGS_INVALID', `${count} invalid:\n${lines.join('\n')}`, { remedy })
  }

  #expectation(setting: string): string {
    const declaration = this.declarations[setting]
    if (declaration === undefined) return ''
    const allowed = declaration.validator === undefined ? '' : ` ${declaration.validator.description}`
    const fallback =
      declaration.default === undefined || declaration.default === null
        ? ''
        : `, default ${String(declaration.default)}`
    return ` [${declaration.type}${allowed}${fallback}]`
  }
}

function embed(declaration: SettingDeclaration, prefix: string): SettingDeclaration {
  const { validator, recommender, dependents } = declaration
  const inner = (name: string): string => name.slice(prefix.length)
  const innerValues = <V>(values: Readonly<Record<string, V>>): Readonly<Record<string, V>> =>
    Object.fromEntries(
      Object.entries(values).flatMap(([name, value]) => (name.startsWith(prefix) ? [[inner(name), value]] : [])),
    )
  return {
    ...declaration,
    ...(validator && { validator: { ...validator, check: (name, value) => validator.check(inner(name), value) } }),
    ...(recommender && {
      recommender: {
        validValues: (name, parsed) => recommender.validValues(inner(name), innerValues(parsed)),
        visible: (name, parsed) => recommender.visible?.(inner(name), innerValues(parsed)) ?? true,
      },
    }),
    ...(dependents && { dependents: dependents.map((name) => prefix + name) }),
  }
}

/** A declaration that contradicts itself is a mistake of its author: found when it is made, not when it is used. */
function assertSound(declarations: SettingDeclarations): void {
  for (const [name, declaration] of Object.entries(declarations)) {
    const value: SettingValue | null = declaration.default ?? null
    const problem = value === null ? undefined : declaration.validator?.check(name, value)
    if (problem !== undefined) throw new SluiceError('SETTINGS_INVALID', `The default is not allowed: ${problem}`)
    for (const dependent of declaration.dependents ?? []) {
      if (declarations[dependent] === undefined)
        throw new SluiceError('SETTINGS_INVALID', `${dependent} is referred in the dependents, but not defined.`)
    }
  }
}
