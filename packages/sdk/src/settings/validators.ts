/**
 * ConfigDef's validators (`org.apache.kafka.common.config.ConfigDef`), with its wording, so that what people and scripts know
 * from Kafka Connect stays true. A validator is made once, in a declaration.
 */
import type { SettingValue } from './declaration.ts'
import { Password } from './password.ts'

export interface Validator {
  /** What is allowed, as the reference page shows it: `[1,...]`, `[lines, csv]`, `non-empty string`. */
  readonly description: string
  /** The whole message if the value is not allowed. Null comes in when a value is missing or could not be parsed. */
  check(name: string, value: SettingValue | null): string | undefined
}

/** A validator that names all allowed words, so that the setting's type is those words. */
export interface OneOf<V extends string> extends Validator {
  readonly oneOf: readonly V[]
}

/** As `OneOf`, for the elements of a list. */
export interface ListOf<V extends string> extends Validator {
  readonly listOf: readonly V[]
}

/** The message of ConfigDef's `ConfigException(name, value, reason)`. */
export function invalidValue(name: string, value: SettingValue | null, reason: string): string {
  return `Invalid value ${javaText(value)} for configuration ${name}: ${reason}`
}

/** A number of at least `min` (`Range.atLeast`). */
export function atLeast(min: number): Validator {
  return range(min, undefined, `[${min},...]`)
}

/** A number from `min` to `max`, both allowed (`Range.between`). */
export function between(min: number, max: number): Validator {
  return range(min, max, `[${min},...,${max}]`)
}

/** One of these words, as written (`ValidString.in`). The setting's type becomes the union of them. */
export function oneOf<const V extends string>(...words: readonly V[]): OneOf<V> {
  const allowed = new Set<string>(words)
  return {
    oneOf: words,
    description: `[${words.join(', ')}]`,
    check: (name, value) =>
      typeof value === 'string' && allowed.has(value)
        ? undefined
        : invalidValue(name, value, `String must be one of: ${words.join(', ')}`),
  }
}

/** One of these words in any case (`CaseInsensitiveValidString.in`); the value stays as it was written. */
export function oneOfIgnoringCase(...words: readonly string[]): Validator {
  const allowed = words.map((word) => word.toUpperCase())
  return {
    description: `(case insensitive) [${allowed.join(', ')}]`,
    check: (name, value) =>
      typeof value === 'string' && allowed.includes(value.toUpperCase())
        ? undefined
        : invalidValue(name, value, `String must be one of (case insensitive): ${allowed.join(', ')}`),
  }
}

/** A list of these words, each at most once (`ValidList.in`). An empty list is allowed unless `emptyAllowed` is false. */
export function listOf<const V extends string>(words: readonly V[], emptyAllowed = true): ListOf<V> {
  const word = oneOf(...words)
  return { listOf: words, ...distinctList(emptyAllowed, word, word.description) }
}

/** A list of anything, each element at most once (`ValidList.anyNonDuplicateValues`). */
export function anyNonDuplicateValues(emptyAllowed = true): Validator {
  return distinctList(
    emptyAllowed,
    undefined,
    emptyAllowed ? 'any non-duplicate values' : 'any non-duplicate, non-empty values',
  )
}

/** Not null (`NonNullValidator`). */
export const nonNull: Validator = {
  description: 'non-null string',
  check: (name, value) => (value === null ? invalidValue(name, value, 'entry must be non null') : undefined),
}

/** Not the empty string (`NonEmptyString`). */
export const nonEmptyString: Validator = {
  description: 'non-empty string',
  check: (name, value) => (value === '' ? invalidValue(name, value, 'String must be non-empty') : undefined),
}

/** Neither empty nor with control characters (`NonEmptyStringWithoutControlChars`): for names. */
export const nonEmptyStringWithoutControlChars: Validator = {
  description: 'non-empty string without ISO control characters',
  check(name, value) {
    if (typeof value !== 'string') return undefined
    if (value === '') return invalidValue(name, value, 'String may not be empty')
    const codes = Array.from({ length: value.length }, (_, i) => value.charCodeAt(i))
    const found = codes.filter((code) => code <= 0x1f || (code >= 0x7f && code <= 0x9f))
    if (found.length === 0) return undefined
    const reason = `String may not contain control sequences but had the following ASCII chars: ${found.join(', ')}`
    return invalidValue(name, value, reason)
  },
}

/** A list of at most `max` elements (`ListSize.atMostOfSize`). */
export function atMostOfSize(max: number): Validator {
  return {
    description: `List containing maximum of ${max} elements`,
    check: (name, value) =>
      Array.isArray(value) && value.length > max
        ? invalidValue(name, value, `exceeds maximum list size of [${max}].`)
        : undefined,
  }
}

/** All of these, in order; the first complaint counts (`CompositeValidator.of`). */
export function allOf(...validators: readonly Validator[]): Validator {
  return {
    description: validators.map((validator) => validator.description).join(','),
    check(name, value) {
      for (const validator of validators) {
        const problem = validator.check(name, value)
        if (problem !== undefined) return problem
      }
      return undefined
    },
  }
}

/**
 * A rule of one's own (`LambdaValidator`): `reason` says what is wrong with a value, or returns undefined. It is not asked about null.
 * @example validatedBy('an even number', (value) => (Number(value) % 2 === 0 ? undefined : 'Value must be even'))
 */
export function validatedBy(
  description: string,
  reason: (value: SettingValue, name: string) => string | undefined,
): Validator {
  return {
    description,
    check(name, value) {
      const complaint = value === null ? undefined : reason(value, name)
      return complaint === undefined ? undefined : invalidValue(name, value, complaint)
    },
  }
}

function range(min: number | undefined, max: number | undefined, description: string): Validator {
  return {
    description,
    check(name, value) {
      if (typeof value !== 'number') return invalidValue(name, null, 'Value must be non-null')
      if (min !== undefined && value < min) return invalidValue(name, value, `Value must be at least ${min}`)
      if (max !== undefined && value > max) return invalidValue(name, value, `Value must be no more than ${max}`)
      return undefined
    },
  }
}

function distinctList(emptyAllowed: boolean, word: Validator | undefined, description: string): Validator {
  return {
    description,
    check(name, value) {
      if (!Array.isArray(value)) return `Configuration '${name}' values must not be null.`
      const elements = value as readonly string[]
      if (!emptyAllowed && elements.length === 0)
        return `Configuration '${name}' must not be empty. Valid values include: ${word?.description ?? 'any non-empty value'}`
      if (new Set(elements).size !== elements.length) return `Configuration '${name}' values must not be duplicated.`
      for (const element of elements) {
        if (element === '') return `Configuration '${name}' values must not be empty.`
        const problem = word?.check(name, element)
        if (problem !== undefined) return problem
      }
      return undefined
    },
  }
}

function javaText(value: SettingValue | null): string {
  if (value instanceof Password) return Password.HIDDEN
  return Array.isArray(value) ? `[${value.join(', ')}]` : String(value)
}
