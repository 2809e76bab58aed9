/** What a connector author writes for one setting, and the TypeScript type that follows from it. */
import type { Password } from './password.ts'
import type { ListOf, OneOf, Validator } from './validators.ts'

/** Settings as they arrive: text by name, as in a properties file or a connector's JSON. */
export type RawSettings = Readonly<Record<string, string>>

/** The typed object that settings become, keyed by setting name. */
export type SettingsShape = Readonly<Record<string, unknown>>

/** The value of each of ConfigDef's types. A `class` is the name of a plugin: an alias or a Java class name. */
export interface SettingValues {
  readonly boolean: boolean
  readonly string: string
  /** −2^31 … 2^31−1 */
  readonly int: number
  /** −32768 … 32767 */
  readonly short: number
  /** −2^63 … 2^63−1; beyond ±2^53 the number is the nearest double. */
  readonly long: number
  readonly double: number
  readonly list: readonly string[]
  readonly class: string
  readonly password: Password
}

export type SettingType = keyof SettingValues
export type SettingValue = SettingValues[SettingType]

export type Importance = 'high' | 'medium' | 'low'
export type Width = 'none' | 'short' | 'medium' | 'long'

/** Parsed values by name, as far as they could be parsed; null where they could not, or where unset without a default. */
export type ParsedSoFar = Readonly<Record<string, SettingValue | null>>

/** Values that fit the other settings, and whether the setting has a meaning beside them (ConfigDef's `Recommender`). */
export interface Recommender {
  validValues(name: string, parsed: ParsedSoFar): readonly SettingValue[]
  /** Default: always. */
  visible?(name: string, parsed: ParsedSoFar): boolean
}

interface DeclarationOf<T extends SettingType> {
  readonly type: T
  readonly importance: Importance
  /** A sentence or more, for the form, the reference page and the REST answer. Units and meaning of special values belong here. */
  readonly documentation: string
  /** What holds when the setting is not given. Absent: it must be given. Null: it may be left out and is null then. */
  readonly default?: SettingValues[T] | null
  readonly validator?: Validator
  /** The heading it stands under. Default: none. */
  readonly group?: string
  /** Its place under that heading. Default: as declared. */
  readonly order?: number
  readonly width?: Width
  /** Default: the setting's name. */
  readonly displayName?: string
  /** Settings whose valid values or visibility depend on this one. */
  readonly dependents?: readonly string[]
  readonly recommender?: Recommender
}

interface ClassDeclaration extends DeclarationOf<'class'> {
  /** The full name of a plugin's name or alias; undefined if there is none. Default: any name will do. */
  resolve?(name: string): string | undefined
}

/** One setting, in the terms of ConfigDef's `define`. */
export type SettingDeclaration =
  { [T in Exclude<SettingType, 'class'>]: DeclarationOf<T> }[Exclude<SettingType, 'class'>] | ClassDeclaration

export type SettingDeclarations = Readonly<Record<string, SettingDeclaration>>

/** The typed object that follows from declarations: `oneOf` narrows to its words, `default: null` admits null. */
export type ShapeOf<D extends SettingDeclarations> = { readonly [K in keyof D]: Parsed<D[K]> }

type Parsed<D extends SettingDeclaration> = NonNullParsed<D> | (D extends { readonly default: null } ? null : never)

type NonNullParsed<D extends SettingDeclaration> = D extends { readonly validator: OneOf<infer V> }
  ? V
  : D extends { readonly validator: ListOf<infer V> }
    ? readonly V[]
    : SettingValues[D['type']]
