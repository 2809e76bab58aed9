/**
 * Conditions on records, in what Groovy and JavaScript have in common: `value.op == 'u' && value.before.id > 2`. Enough for what
 * Debezium's Filter and ContentBasedRouter are mostly set to; statements, assignments, closures and loops are refused.
 */
import { DataError, SluiceError } from '@sluice/sdk'
import type { ConnectRecord, Schema, Value } from '@sluice/sdk'
import { memberOf, METHODS, numberOf, OPERATORS } from './operators.ts'
import { tokens } from './tokens.ts'
import type { Token } from './tokens.ts'

/** @throws DataError for a record that it does not fit */
export type Expression = (record: ConnectRecord) => Value

/**
 * Compiles a text.
 * @throws SluiceError SETTINGS_INVALID naming the setting and the place
 */
export function compileExpression(text: string, setting: string): Expression {
  try {
    return new Compiler(text).whole()
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new SluiceError('SETTINGS_INVALID', `Invalid value ${text} for configuration ${setting}: ${error.message}`, {
      remedy:
        'Write one expression of value, key, topic, valueSchema, keySchema and header, with comparisons, && || ! ?:, arithmetic and methods ' +
        `such as ${[...METHODS.keys()].slice(0, 4).join(', ')}. There is no script engine.`,
    })
  }
}

/** What a record is to an expression. */
const VARIABLES: ReadonlyMap<string, Expression> = new Map<string, Expression>([
  ['topic', (record) => record.topic],
  ['key', (record) => record.key],
  ['value', (record) => record.value],
  ['keySchema', (record) => schemaFacts(record.keySchema)],
  ['valueSchema', (record) => schemaFacts(record.valueSchema)],
  ['header', headerFacts],
  ['headers', headerFacts],
])

function schemaFacts(schema: Schema | null): Value {
  if (schema === null) return null
  return { name: schema.name ?? null, version: schema.version ?? null, type: schema.type.toUpperCase() }
}

function headerFacts({ headers }: ConnectRecord): Value {
  return Object.fromEntries(
    (headers ?? []).map(({ key, schema, value }) => [key, { value, schema: schemaFacts(schema) }]),
  )
}

const WORDS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['true', true],
  ['false', false],
  ['null', null],
])

/** Deeper than this nobody nests an expression. */
const MAX_DEPTH = 100

class Compiler {
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#tokens = tokens(text)
  }

  whole(): Expression {
    const expression = this.#choice()
    if (this.#tokens[this.#at] !== undefined) this.#unexpected()
    return expression
  }

  /** `a ? b : c`, and Groovy's `a ?: c`. */
  #choice(): Expression {
    if (++this.#depth > MAX_DEPTH) throw new SyntaxError('too deeply nested')
    const condition = this.#or()
    this.#depth--
    if (this.#take('?:')) {
      const other = this.#choice()
      return (record) => condition(record) ?? other(record)
    }
    if (!this.#take('?')) return condition
    const [yes, no] = [this.#choice(), (this.#expect(':'), this.#choice())]
    return (record) => (isTrue(condition(record)) ? yes(record) : no(record))
  }

  #or(): Expression {
    let left = this.#and()
    while (this.#take('||')) {
      const [a, b] = [left, this.#and()]
      left = (record) => isTrue(a(record)) || isTrue(b(record))
    }
    return left
  }

  #and(): Expression {
    let left = this.#binary(3)
    while (this.#take('&&')) {
      const [a, b] = [left, this.#binary(3)]
      left = (record) => isTrue(a(record)) && isTrue(b(record))
    }
    return left
  }

  #binary(level: number): Expression {
    let left = this.#unary()
    for (;;) {
      const token = this.#tokens[this.#at]
      const operator = token === undefined || token.kind === 'literal' ? undefined : OPERATORS.get(token.value)
      if (operator === undefined || operator.level < level) return left
      this.#at++
      const [a, b] = [left, this.#binary(operator.level + 1)]
      left = (record) => operator.apply(a(record), b(record))
    }
  }

  #unary(): Expression {
    if (this.#take('!')) {
      const inner = this.#unary()
      return (record) => !isTrue(inner(record))
    }
    if (this.#take('-')) {
      const inner = this.#unary()
      return (record) => -numberOf(inner(record))
    }
    return this.#members(this.#primary())
  }

  #members(of: Expression): Expression {
    let on = of
    for (;;) {
      const isSafe = this.#take('?.')
      if (isSafe || this.#take('.')) on = this.#member(on, isSafe)
      else if (this.#take('[')) {
        const [object, index] = [on, this.#choice()]
        this.#expect(']')
        on = (record) => itemOf(object(record), index(record))
      } else return on
    }
  }

  #member(on: Expression, isSafe: boolean): Expression {
    const name = this.#tokens[this.#at++]
    if (name?.kind !== 'name') return this.#unexpected(-1)
    const read = this.#take('(') ? this.#call(name) : (object: Value) => memberOf(object, name.value)
    return (record) => {
      const object = on(record)
      return isSafe && object === null ? null : read(object, record)
    }
  }

  #call(name: Token): (object: Value, record: ConnectRecord) => Value {
    const args: Expression[] = []
    while (!this.#take(')')) {
      if (args.length > 0) this.#expect(',')
      args.push(this.#choice())
    }
    const method = METHODS.get(String(name.value))
    if (method === undefined || method.count !== args.length)
      throw new SyntaxError(`no method ${name.value} of ${args.length} arguments at position ${name.at + 1}`)
    const [arg] = args
    return (object, record) => method.apply(object, arg === undefined ? null : arg(record))
  }

  #primary(): Expression {
    if (this.#take('(')) {
      const inner = this.#choice()
      this.#expect(')')
      return inner
    }
    if (this.#take('[')) return this.#list()
    const token = this.#tokens[this.#at]
    if (token === undefined || token.kind === 'sign') return this.#unexpected()
    this.#at++
    if (token.kind === 'literal') return () => token.value
    const word = WORDS.get(token.value)
    if (word !== undefined) return () => word
    return VARIABLES.get(token.value) ?? this.#unexpected(-1)
  }

  #list(): Expression {
    const items: Expression[] = []
    while (!this.#take(']')) {
      if (items.length > 0) this.#expect(',')
      items.push(this.#choice())
    }
    return (record) => items.map((item) => item(record))
  }

  #take(sign: string): boolean {
    const token = this.#tokens[this.#at]
    if (token?.kind !== 'sign' || token.value !== sign) return false
    this.#at++
    return true
  }

  #expect(sign: string): void {
    if (!this.#take(sign)) this.#unexpected()
  }

  #unexpected(step = 0): never {
    const token = this.#tokens[this.#at + step]
    throw new SyntaxError(
      token === undefined
        ? 'it ends too early'
        : `unexpected ${JSON.stringify(token.value)} at position ${token.at + 1}`,
    )
  }
}

/** Conditions are true or false; what else a script engine would take for one is told. */
export function isTrue(value: Value): boolean {
  if (typeof value === 'boolean') return value
  throw new DataError(`Expected true or false, found ${value === null ? 'null' : typeof value}`, {
    remedy: 'Compare it with something, as in value.after != null.',
  })
}

function itemOf(object: Value, index: Value): Value {
  if (Array.isArray(object)) return (object as readonly Value[])[numberOf(index)] ?? null
  if (typeof index === 'string') return memberOf(object, index)
  throw new DataError(`Expected the name of a property, found ${typeof index}`)
}
