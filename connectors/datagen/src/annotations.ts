/** `arg.properties`: what an Avro schema says of the values to be made, in the words of Confluent's avro-random-generator. */
import { nearestName, SchemaError } from '@sluice/sdk'
import type { RecordRandom } from './record-random.ts'

/** The attribute of a schema. */
export const ANNOTATIONS = 'arg.properties'

const KNOWN = [
  'options',
  'range',
  'iteration',
  'odds',
  'length',
  'regex',
  'prefix',
  'suffix',
  'keys',
  'position',
  'distribution',
] as const
const LENGTH_MAX = 100_000
const LENGTH_DEFAULT: Bounds = { min: 8, max: 16 }

type Json = Readonly<Record<string, unknown>>

/** From `min` to below `max`; each may be missing. */
export interface Range {
  readonly min: number | undefined
  readonly max: number | undefined
}

/** From `min` to below `max`, and `min` alone where both are the same. */
export interface Bounds {
  readonly min: number
  readonly max: number
}

export interface Iteration {
  readonly start: number
  readonly initial: number
  readonly restart: number | undefined
  readonly step: number
}

/** The annotations of one schema, each checked when it is asked for. */
export class Annotations {
  readonly #json: Json
  /** What they belong to, for errors: `the field orders.itemid`. */
  readonly #where: string

  /** @throws SchemaError for words that are no annotations */
  constructor(json: unknown, where: string) {
    this.#where = where
    if (json !== undefined && !isObject(json)) throw this.#wrong(ANNOTATIONS, 'a JSON object', json)
    this.#json = json ?? {}
    for (const name of Object.keys(this.#json)) {
      if ((KNOWN as readonly string[]).includes(name)) continue
      const nearest = nearestName(name, new Set(KNOWN))
      throw new SchemaError(
        `${ANNOTATIONS} of ${where} has "${name}", which is no annotation that is understood here`,
        {
          remedy: nearest === undefined ? `Leave it out; there are ${KNOWN.join(', ')}.` : `Write ${nearest}.`,
        },
      )
    }
  }

  /** Avro's JSON of each value there may be; undefined: not given. */
  get options(): readonly unknown[] | undefined {
    const given = this.#json['options']
    if (given === undefined) return undefined
    if (!Array.isArray(given) || given.length === 0)
      throw this.#wrong('options', 'a JSON array of one value or more', given)
    return given
  }

  get range(): Range | undefined {
    const given = this.#object('range')
    if (given === undefined) return undefined
    const [min, max] = [this.#number(given, 'range', 'min'), this.#number(given, 'range', 'max')]
    if (min === undefined && max === undefined) throw this.#wrong('range', '{"min": …, "max": …}', given)
    if (min !== undefined && max !== undefined && min >= max) throw this.#wrong('range', 'min below max', given)
    return { min, max }
  }

  get iteration(): Iteration | undefined {
    const given = this.#object('iteration')
    if (given === undefined) return undefined
    const start = this.#number(given, 'iteration', 'start')
    if (start === undefined) throw this.#wrong('iteration', '{"start": …, "restart": …, "step": …}', given)
    const restart = this.#number(given, 'iteration', 'restart')
    const initial = this.#number(given, 'iteration', 'initial') ?? start
    const step = this.#number(given, 'iteration', 'step') ?? (restart !== undefined && restart < start ? -1 : 1)
    if (step === 0) throw this.#wrong('iteration', 'a step that is not 0', given)
    if (restart === start || (restart !== undefined && Math.sign(restart - start) !== Math.sign(step)))
      throw this.#wrong('iteration', 'a restart in the direction of the step', given)
    return { start, restart, initial, step }
  }

  /** Of a boolean that alternates. */
  get alternation(): boolean | undefined {
    const given = this.#object('iteration')
    if (given === undefined) return undefined
    if (typeof given['start'] !== 'boolean')
      throw this.#wrong('iteration', '{"start": true} or {"start": false}', given)
    return given['start']
  }

  get odds(): number | undefined {
    const given = this.#json['odds']
    if (given === undefined) return undefined
    if (typeof given !== 'number' || given < 0 || given > 1) throw this.#wrong('odds', 'a number from 0 to 1', given)
    return given
  }

  get length(): Bounds {
    return this.givenLength ?? LENGTH_DEFAULT
  }

  get givenLength(): Bounds | undefined {
    const given = this.#json['length']
    if (given === undefined) return undefined
    const isNumber = typeof given === 'number'
    const object = isNumber ? { min: given, max: given } : this.#object('length')!
    const min = this.#number(object, 'length', 'min') ?? 0
    const max = this.#number(object, 'length', 'max') ?? min + LENGTH_DEFAULT.max
    const isSound = [min, max].every((one) => Number.isInteger(one) && one >= 0 && one <= LENGTH_MAX) && min <= max
    if (!isSound) throw this.#wrong('length', `whole numbers from 0 to ${LENGTH_MAX}, min first`, given)
    return { min, max }
  }

  get regex(): string | undefined {
    return this.#text('regex')
  }

  get prefix(): string {
    return this.#text('prefix') ?? ''
  }

  get suffix(): string {
    return this.#text('suffix') ?? ''
  }

  /** Of a map. */
  get keys(): Annotations {
    return new Annotations(this.#json['keys'], `the keys of ${this.#where}`)
  }

  /** Which branch of a union is taken always. */
  position(branches: number): number | undefined {
    const given = this.#json['position']
    if (given === undefined) return undefined
    if (!isIndex(given, branches)) throw this.#wrong('position', `a whole number from 0 to ${branches - 1}`, given)
    return given
  }

  /** How likely each branch of a union is; those that are not named are not taken. */
  distribution(branches: number): readonly number[] | undefined {
    const given = this.#object('distribution')
    if (given === undefined) return undefined
    const shares = Array.from({ length: branches }, (_, i) => this.#number(given, 'distribution', String(i)) ?? 0)
    const sum = shares.reduce((total, share) => total + share, 0)
    const isSound = Object.keys(given).every((key) => isIndex(Number(key), branches)) && shares.every((one) => one >= 0)
    if (!isSound || sum <= 0) throw this.#wrong('distribution', '{"0": share, "1": share, …}', given)
    return shares.map((share) => share / sum)
  }

  #object(name: string): Json | undefined {
    const given = this.#json[name]
    if (given !== undefined && !isObject(given)) throw this.#wrong(name, 'a JSON object', given)
    return given
  }

  #number(object: Json, name: string, key: string): number | undefined {
    const given = object[key]
    if (given === undefined || given === null) return undefined
    if (typeof given !== 'number' || !Number.isFinite(given)) throw this.#wrong(name, `a number as ${key}`, object)
    return given
  }

  #text(name: string): string | undefined {
    const given = this.#json[name]
    if (given !== undefined && typeof given !== 'string') throw this.#wrong(name, 'a text', given)
    return given
  }

  #wrong(name: string, wanted: string, given: unknown): SchemaError {
    return new SchemaError(`${name} of ${this.#where} is ${JSON.stringify(given)}, which is not ${wanted}`)
  }
}

export function lengthWithin({ min, max }: Bounds, random: RecordRandom): number {
  return min === max ? min : min + random.below(max - min)
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isIndex(value: unknown, below: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < below
}
