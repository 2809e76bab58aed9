import { ApiError } from '../api/handler.ts'
import { type Expression, matcher } from './nfa.ts'

const REPEATS_MAX = 1000
const DEPTH_MAX = 200
const EMPTY: Expression = { kind: 'sequence', parts: [] }

const known = new Map<string, (topic: string) => boolean>()
const KNOWN_MAX = 100

/**
 * Matches whole topic names against an expression in RE2's syntax, as `subscribedTopicRegex` has it (KIP-848). Of that syntax it knows what
 * topic names can need: no word boundaries, flags, Unicode classes. Throws INVALID_REGULAR_EXPRESSION.
 */
export function topicMatcher(pattern: string): (topic: string) => boolean {
  let found = known.get(pattern)
  if (found !== undefined) return found
  try {
    found = matcher(new Parser(pattern).parse())
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof RangeError)) throw error
    const text = `SubscribedTopicRegex \`${pattern}\` is not a valid regular expression: ${error.message}.`
    throw new ApiError('INVALID_REGULAR_EXPRESSION', text)
  }
  if (known.size >= KNOWN_MAX) known.clear()
  known.set(pattern, found)
  return found
}

type CodeTest = (code: number) => boolean

class Parser {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  parse(): Expression {
    const expression = this.#choice()
    if (this.#at < this.#text.length) throw new SyntaxError('unexpected )')
    return expression
  }

  #choice(): Expression {
    if (++this.#depth > DEPTH_MAX) throw new SyntaxError('expression nests too deeply')
    const parts = [this.#sequence()]
    while (this.#take('|')) parts.push(this.#sequence())
    this.#depth--
    return parts.length === 1 ? parts[0]! : { kind: 'choice', parts }
  }

  #sequence(): Expression {
    const parts: Expression[] = []
    while (this.#at < this.#text.length && !'|)'.includes(this.#text[this.#at]!)) parts.push(this.#repeated())
    return parts.length === 0 ? EMPTY : { kind: 'sequence', parts }
  }

  #repeated(): Expression {
    const of = this.#atom()
    const bounds = this.#bounds()
    if (bounds === undefined) return of
    // Whether it matches lazily makes no difference for whole texts.
    this.#take('?')
    if (this.#bounds() !== undefined) throw new SyntaxError('invalid nested repetition operator')
    return { kind: 'repeat', of, ...bounds }
  }

  #bounds(): { min: number; max: number } | undefined {
    if (this.#take('*')) return { min: 0, max: Infinity }
    if (this.#take('+')) return { min: 1, max: Infinity }
    if (this.#take('?')) return { min: 0, max: 1 }
    const braces = /^\{(\d+)(,(\d*))?\}/.exec(this.#text.slice(this.#at))
    if (braces === null) return undefined
    this.#at += braces[0].length
    const min = Number(braces[1])
    const max = braces[2] === undefined ? min : braces[3] === '' ? Infinity : Number(braces[3])
    const isBad = min > REPEATS_MAX || max < min || (max !== Infinity && max > REPEATS_MAX)
    if (isBad) throw new SyntaxError(`invalid repeat count ${braces[0]}`)
    return { min, max }
  }

  #atom(): Expression {
    const character = this.#text[this.#at++]!
    switch (character) {
      case '(':
        return this.#group()
      case '[':
        return { kind: 'set', has: this.#class() }
      case '.':
        return { kind: 'set', has: () => true }
      case '^':
        return { kind: 'start' }
      case '$':
        return { kind: 'end' }
      case '*':
      case '+':
      case '?':
        throw new SyntaxError(`missing argument to repetition operator: ${character}`)
      case '\\': {
        const next = this.#text[this.#at]
        if (next === 'A' || next === 'z') {
          this.#at++
          return { kind: next === 'A' ? 'start' : 'end' }
        }
        return { kind: 'set', has: this.#escape() }
      }
      default:
        return { kind: 'set', has: equals(character.charCodeAt(0)) }
    }
  }

  #group(): Expression {
    const prefix = /^\?(?::|P?<[A-Za-z_]\w*>)/.exec(this.#text.slice(this.#at))
    if (prefix !== null) this.#at += prefix[0].length
    else if (this.#text[this.#at] === '?') throw new SyntaxError('invalid or unsupported Perl syntax')
    const inner = this.#choice()
    if (!this.#take(')')) throw new SyntaxError('missing closing )')
    return inner
  }

  #class(): CodeTest {
    const isNegated = this.#take('^')
    const tests: CodeTest[] = []
    for (let isFirst = true; isFirst || this.#text[this.#at] !== ']'; isFirst = false) {
      if (this.#at >= this.#text.length) throw new SyntaxError('missing closing ]')
      tests.push(this.#classPart())
    }
    this.#at++
    return (code) => tests.some((has) => has(code)) !== isNegated
  }

  #classPart(): CodeTest {
    const posix = /^\[:(\^?)(\w+):\]/.exec(this.#text.slice(this.#at))
    if (posix !== null) {
      const has = POSIX[posix[2]!]
      if (has === undefined) throw new SyntaxError('invalid character class range')
      this.#at += posix[0].length
      return posix[1] === '^' ? (code) => !has(code) : has
    }
    if (this.#text[this.#at] === '\\') {
      this.#at++
      return this.#escape()
    }
    const from = this.#text.charCodeAt(this.#at++)
    const isRange = this.#text[this.#at] === '-' && this.#at + 1 < this.#text.length && this.#text[this.#at + 1] !== ']'
    if (!isRange) return equals(from)
    this.#at++
    this.#take('\\')
    const to = this.#text.charCodeAt(this.#at++)
    if (to < from) throw new SyntaxError('invalid character class range')
    return (code) => code >= from && code <= to
  }

  #escape(): CodeTest {
    const character = this.#text[this.#at++]
    if (character === undefined) throw new SyntaxError('trailing backslash at end of expression')
    const named = ESCAPES[character]
    if (named !== undefined) return named
    if (/\w/.test(character)) throw new SyntaxError(`invalid escape sequence: \\${character}`)
    return equals(character.charCodeAt(0))
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }
}

function equals(expected: number): CodeTest {
  return (code) => code === expected
}

function between(first: string, last: string): CodeTest {
  return (code) => code >= first.charCodeAt(0) && code <= last.charCodeAt(0)
}

const isDigit = between('0', '9')
const isLower = between('a', 'z')
const isUpper = between('A', 'Z')
const isAlpha: CodeTest = (code) => isLower(code) || isUpper(code)
const isWord: CodeTest = (code) => isAlpha(code) || isDigit(code) || code === 95
const isSpace: CodeTest = (code) => code === 32 || (code >= 9 && code <= 13)

const ESCAPES: Readonly<Record<string, CodeTest>> = {
  d: isDigit,
  D: (code) => !isDigit(code),
  w: isWord,
  W: (code) => !isWord(code),
  s: isSpace,
  S: (code) => !isSpace(code),
  t: equals(9),
  n: equals(10),
  r: equals(13),
  _: equals(95),
}

const POSIX: Readonly<Record<string, CodeTest>> = {
  alnum: (code) => isAlpha(code) || isDigit(code),
  alpha: isAlpha,
  digit: isDigit,
  lower: isLower,
  upper: isUpper,
  word: isWord,
  space: isSpace,
}
