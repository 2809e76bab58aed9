/** Texts that match a regular expression: the part of Java's that says what a text looks like, compiled to what draws one. */
import { SchemaError } from '@sluice/sdk'
import type { RecordRandom } from './record-random.ts'

type DrawText = (random: RecordRandom) => string

export interface RegexText {
  readonly draw: DrawText
  /** Of the longest text. */
  readonly charsMax: number
}

/** How many more than it must be `*`, `+` and `{n,}` draw at most, where no length says more. */
const REPEATS_MORE = 16
const CHARS_MAX = 100_000
const DEPTH_MAX = 50
const PRINTABLE = charsBetween(0x20, 0x7e)
const DIGITS = charsBetween(0x30, 0x39)
const WORDS = `${charsBetween(0x41, 0x5a)}${charsBetween(0x61, 0x7a)}${DIGITS}_`
const CLASSES: Readonly<Record<string, string>> = {
  d: DIGITS,
  w: WORDS,
  s: ' \t',
  D: without(DIGITS),
  W: without(WORDS),
  S: without(' '),
}
const CONTROLS: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f', e: '\u001b' }
const CLASS_CHARS_MAX = 65_536

/**
 * @param repeatsMax how often `*`, `+` and `{n,}` may repeat, where that is more than usual
 * @throws SchemaError for what is no regular expression, or has lookaround, back references or categories
 */
export function regexText(pattern: string, repeatsMax = 0): RegexText {
  return new Reader(pattern, repeatsMax).whole()
}

class Reader {
  readonly #pattern: string
  readonly #repeatsMax: number
  #at = 0
  #depth = 0

  constructor(pattern: string, repeatsMax: number) {
    this.#pattern = pattern
    this.#repeatsMax = repeatsMax
  }

  whole(): RegexText {
    const piece = this.#alternatives()
    if (this.#at < this.#pattern.length) throw this.#error('a ) that nothing opens')
    return piece
  }

  #alternatives(): RegexText {
    if (++this.#depth > DEPTH_MAX) throw this.#error(`more than ${DEPTH_MAX} groups within each other`)
    const pieces = [this.#sequence()]
    while (this.#take('|')) pieces.push(this.#sequence())
    this.#depth--
    const [only] = pieces
    if (pieces.length === 1) return only!
    const draws = pieces.map(({ draw }) => draw)
    return { draw: (random) => random.pick(draws)(random), charsMax: Math.max(...pieces.map((one) => one.charsMax)) }
  }

  #sequence(): RegexText {
    const pieces: RegexText[] = []
    while (this.#at < this.#pattern.length && !'|)'.includes(this.#peek())) {
      const piece = this.#atom()
      if (piece !== null) pieces.push(this.#repeated(piece))
    }
    const charsMax = pieces.reduce((sum, piece) => sum + piece.charsMax, 0)
    if (charsMax > CHARS_MAX) throw this.#error(`texts of more than ${CHARS_MAX} characters`)
    if (pieces.length === 1) return pieces[0]!
    const draws = pieces.map(({ draw }) => draw)
    const draw: DrawText = (random) => {
      let text = ''
      for (const one of draws) text += one(random)
      return text
    }
    return { draw, charsMax }
  }

  /** Null for ^ and $, which stand for no character. */
  #atom(): RegexText | null {
    const char = this.#next()
    if (char === '^' || char === '$') return null
    if (char === '.') return oneOf(PRINTABLE)
    if (char === '[') return oneOf(this.#class())
    if (char === '\\') return oneOf(this.#escaped())
    if ('*+?{'.includes(char)) throw this.#error(`a ${char} that repeats nothing`)
    if (char !== '(') return { draw: () => char, charsMax: 1 }
    if (this.#take('?') && !this.#take(':')) throw this.#error('a group that begins with (? and another sign than :')
    const piece = this.#alternatives()
    if (!this.#take(')')) throw this.#error('a ( that nothing closes')
    return piece
  }

  #repeated(piece: RegexText): RegexText {
    const bounds = this.#bounds()
    if (bounds === null) return piece
    // Reluctant and possessive: for what is drawn they are all the same.
    if (!this.#take('?')) this.#take('+')
    const [min, max] = bounds
    const charsMax = piece.charsMax * max
    if (charsMax > CHARS_MAX || max > CHARS_MAX) throw this.#error(`texts of more than ${CHARS_MAX} characters`)
    const draw: DrawText = (random) => {
      let text = ''
      for (let left = min === max ? min : min + random.below(max - min + 1); left > 0; left--)
        text += piece.draw(random)
      return text
    }
    return { draw, charsMax }
  }

  #bounds(): readonly [number, number] | null {
    const open = (min: number): readonly [number, number] => [min, Math.max(min + REPEATS_MORE, this.#repeatsMax)]
    if (this.#take('?')) return [0, 1]
    if (this.#take('*')) return open(0)
    if (this.#take('+')) return open(1)
    if (this.#peek() !== '{') return null
    const found = /^\{(\d{1,9})(,)?(\d{1,9})?\}/.exec(this.#pattern.slice(this.#at))
    if (found === null) throw this.#error('a { without numbers behind it')
    this.#at += found[0].length
    const min = Number(found[1])
    if (found[2] === undefined) return [min, min]
    if (found[3] === undefined) return open(min)
    const max = Number(found[3])
    if (max < min) throw this.#error(`{${min},${max}}, whose second number is smaller`)
    return [min, max]
  }

  #class(): string {
    const isNegated = this.#take('^')
    const chars = new Set<string>()
    for (let isFirst = true; isFirst || this.#peek() !== ']'; isFirst = false) {
      if (this.#at >= this.#pattern.length) throw this.#error('a [ that nothing closes')
      const from = this.#classItem()
      const isRange = from.length === 1 && this.#peek() === '-' && this.#pattern[this.#at + 1] !== ']'
      if (!isRange) {
        for (const char of from) chars.add(char)
        continue
      }
      this.#at++
      const to = this.#classItem()
      if (to.length !== 1 || to < from) throw this.#error(`the range ${from}-${to}`)
      for (let code = from.charCodeAt(0); code <= to.charCodeAt(0); code++) chars.add(String.fromCharCode(code))
      if (chars.size > CLASS_CHARS_MAX) throw this.#error('too many characters in [ ]')
    }
    this.#at++
    const all = [...chars].join('')
    const drawn = isNegated ? without(all) : all
    if (drawn === '') throw this.#error('a [ ] that no character matches')
    return drawn
  }

  #classItem(): string {
    const char = this.#next()
    if (char === '[') throw this.#error('a [ within [ ]')
    return char === '\\' ? this.#escaped() : char
  }

  #escaped(): string {
    const char = this.#next()
    const found = CLASSES[char] ?? CONTROLS[char]
    if (found !== undefined) return found
    if (char === 'u' || char === 'x') {
      const digits = char === 'u' ? 4 : 2
      const hex = this.#pattern.slice(this.#at, this.#at + digits)
      if (!new RegExp(`^[0-9a-fA-F]{${digits}}$`).test(hex)) throw this.#error(`\\${char} without ${digits} digits`)
      this.#at += digits
      return String.fromCharCode(Number.parseInt(hex, 16))
    }
    if (/[A-Za-z0-9]/.test(char)) throw this.#error(`\\${char}`)
    return char
  }

  #peek(): string {
    return this.#pattern.charAt(this.#at)
  }

  #next(): string {
    if (this.#at >= this.#pattern.length) throw this.#error('an end behind \\')
    return this.#pattern.charAt(this.#at++)
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false
    this.#at++
    return true
  }

  #error(what: string): SchemaError {
    return new SchemaError(`The regex ${JSON.stringify(this.#pattern)} has ${what}, from which no text can be drawn`, {
      place: { character: this.#at },
      remedy: 'Use characters, [ ], ( | ), \\d, \\w, \\s, ?, *, + and { }.',
    })
  }
}

function oneOf(chars: string): RegexText {
  const only = chars.length === 1 ? chars : null
  return { draw: only === null ? (random) => chars.charAt(random.below(chars.length)) : () => only, charsMax: 1 }
}

function charsBetween(from: number, to: number): string {
  return String.fromCharCode(...Array.from({ length: to - from + 1 }, (_, i) => from + i))
}

/** What of the printable characters of ASCII is not among these. */
function without(chars: string): string {
  return Array.from(PRINTABLE)
    .filter((char) => !chars.includes(char))
    .join('')
}
