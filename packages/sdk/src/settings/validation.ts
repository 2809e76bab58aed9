/** The answer of `PUT /connector-plugins/{plugin}/config/validate`, shaped and worded as Kafka Connect's. */
import type { ParsedSoFar, RawSettings, SettingDeclaration, SettingDeclarations, SettingValue } from './declaration.ts'
import { exactText, parseSetting, settingText } from './parse-setting.ts'

/** `ConfigKeyInfo`. Booleans and numbers in `default_value` are text. */
export interface SettingDefinition {
  readonly name: string
  readonly type: string
  readonly required: boolean
  readonly default_value: string | null
  readonly importance: string
  readonly documentation: string
  readonly group: string | null
  readonly order_in_group: number
  readonly width: string
  readonly display_name: string
  readonly dependents: readonly string[]
}

/** `ConfigValueInfo`. `value` is text, null where nothing could be parsed. */
export interface ValidatedValue {
  readonly name: string
  readonly value: string | null
  readonly recommended_values: readonly (string | null)[]
  readonly errors: readonly string[]
  readonly visible: boolean
}

export interface ValidatedSetting {
  /** Null for a name that has complaints but no declaration. */
  readonly definition: SettingDefinition | null
  readonly value: ValidatedValue
}

/** `ConfigInfos`: ready to be sent as the body. */
export interface SettingsValidation {
  readonly name: string
  readonly error_count: number
  readonly groups: readonly string[]
  readonly configs: readonly ValidatedSetting[]
}

/** One complaint about one setting. */
export interface SettingProblem {
  readonly setting: string
  readonly message: string
}

/** What reading all settings came to: values, and every complaint in ConfigDef's order. */
export interface ReadSettings {
  readonly values: Readonly<Record<string, SettingValue | null>>
  readonly problems: readonly SettingProblem[]
  /** Texts that say more than the parsed value: 64-bit integers beyond 2^53. */
  readonly exactTexts: Readonly<Record<string, string>>
}

/**
 * Parses everything and collects every complaint. As in ConfigDef, a value that is missing or cannot be parsed is put before
 * the validator as null, which may add a second complaint; only a setting whose default is null is spared that.
 */
export function readSettings(declarations: SettingDeclarations, raw: RawSettings): ReadSettings {
  const values: Record<string, SettingValue | null> = {}
  const exactTexts: Record<string, string> = {}
  const problems: SettingProblem[] = []
  const complain = (setting: string, message: string | undefined): void => {
    if (message !== undefined) problems.push({ setting, message })
  }
  for (const [name, declaration] of Object.entries(declarations)) {
    // A JSON document may hold null or a number where text is expected: null is a value of its own, the rest is its text.
    const given: unknown = Object.hasOwn(raw, name) ? raw[name] : undefined
    let value: SettingValue | null = null
    if (given === undefined) {
      if (declaration.default === undefined)
        complain(name, `Missing required configuration "${name}" which has no default value.`)
      else value = declaration.default
    } else if (given !== null) {
      const text = typeof given === 'string' ? given : JSON.stringify(given)
      const result = parseSetting(name, text, declaration)
      if ('problem' in result) complain(name, result.problem)
      else {
        value = result.value
        const exact = exactText(text, declaration.type)
        if (exact !== undefined) exactTexts[name] = exact
      }
    }
    if (value !== null || declaration.default !== null) complain(name, declaration.validator?.check(name, value))
    values[name] = value
  }
  return { values, problems, exactTexts }
}

export function settingDefinitions(declarations: SettingDeclarations): readonly SettingDefinition[] {
  const inGroup = new Map<string, number>()
  return Object.entries(declarations).map(([name, declaration]) => {
    const { group } = declaration
    const next = group === undefined ? -1 : (inGroup.get(group) ?? 0) + 1
    if (group !== undefined) inGroup.set(group, next)
    return {
      name,
      type: declaration.type.toUpperCase(),
      required: declaration.default === undefined,
      default_value: settingText(declaration.default ?? null, declaration.type),
      importance: declaration.importance.toUpperCase(),
      documentation: declaration.documentation,
      group: group ?? null,
      order_in_group: declaration.order ?? next,
      width: (declaration.width ?? 'none').toUpperCase(),
      display_name: declaration.displayName ?? name,
      dependents: declaration.dependents ?? [],
    }
  })
}

export function validation(
  declarations: SettingDeclarations,
  read: ReadSettings,
  problems: readonly SettingProblem[],
  name: string,
): SettingsValidation {
  const configs = settingDefinitions(declarations).map((definition): ValidatedSetting => {
    const declaration = declarations[definition.name]!
    const errors = problems.filter(({ setting }) => setting === definition.name).map(({ message }) => message)
    const value =
      read.exactTexts[definition.name] ?? settingText(read.values[definition.name] ?? null, declaration.type)
    const base = { name: definition.name, value, recommended_values: [], errors, visible: true }
    return { definition, value: { ...base, ...recommended(definition.name, declaration, read.values) } }
  })
  const groups = new Set(configs.flatMap(({ definition }) => definition?.group ?? []))
  const answer = { name, error_count: 0, groups: [...groups], configs }
  return withErrors(
    { ...answer, error_count: configs.reduce((sum, { value }) => sum + value.errors.length, 0) },
    problems.filter(({ setting }) => declarations[setting] === undefined),
  )
}

/**
 * The answer with further complaints: from a connector's own check, from a client override. A complaint about a name that is
 * not declared comes first, with no definition, as in Kafka Connect.
 */
export function withErrors(answer: SettingsValidation, problems: readonly SettingProblem[]): SettingsValidation {
  if (problems.length === 0) return answer
  const bySetting = Map.groupBy(problems, ({ setting }) => setting)
  const known = new Set(answer.configs.map(({ value }) => value.name))
  const added = [...bySetting]
    .filter(([setting]) => !known.has(setting))
    .map(([setting, found]): ValidatedSetting => {
      const errors = found.map(({ message }) => message)
      return { definition: null, value: { name: setting, value: null, recommended_values: [], errors, visible: true } }
    })
  const extended = answer.configs.map(({ definition, value }) => {
    const further = bySetting.get(value.name)?.map(({ message }) => message) ?? []
    return { definition, value: { ...value, errors: [...value.errors, ...further] } }
  })
  return { ...answer, error_count: answer.error_count + problems.length, configs: [...added, ...extended] }
}

function recommended(
  name: string,
  declaration: SettingDeclaration,
  parsed: ParsedSoFar,
): Pick<ValidatedValue, 'recommended_values' | 'visible'> | undefined {
  const { recommender, type } = declaration
  if (recommender === undefined) return undefined
  const values = recommender.validValues(name, parsed)
  return {
    recommended_values: values.map((value) => settingText(value, type === 'list' ? 'string' : type)),
    visible: recommender.visible?.(name, parsed) ?? true,
  }
}
