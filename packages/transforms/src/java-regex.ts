/**
 * Java's regular expressions and replacements by JavaScript's. Most patterns mean the same in both; what is written differently
 * is translated, and what JavaScript cannot do, or would silently do otherwise, is refused.
 */
import { SluiceError, validatedBy } from '@sluice/sdk'
import type { Validator } from '@sluice/sdk'

export interface JavaRegex {
  /** For `Matcher.matches`: the whole text. */
  readonly whole: RegExp
  /** For `Matcher.find`: the first place that fits. */
  readonly first: RegExp
}

/** A setting that holds a pattern. */
export const validRegex: Validator = validatedBy('a regular expression', (pattern) => {
  try {
    javaRegex(String(pattern))
    return undefined
  } catch (error) {
    return `Invalid regex: ${(error as Error).message}`
  }
})

/** @throws SyntaxError for a pattern that is none, or that cannot be translated */
export function javaRegex(pattern: string): JavaRegex {
  const directive = /^\(\?([a-z]+)\)/.exec(pattern)
  const flags = directive === null ? '' : javaScriptFlags(directive[1]!)
  const source = translated(directive === null ? pattern : pattern.slice(directive[0].length), pattern)
  // Without the u flag JavaScript does not know \p; with it, it refuses escapes that Java allows.
  const unicode = /\\[pP]\{/.test(source) ? 'u' : ''
  return {
    whole: new RegExp(`^(?:${source})$`, flags + unicode),
    first: new RegExp(source, flags + unicode),
  }
}

/**
 * `Matcher.replaceFirst` with `$1`, `${name}` and `\x` as Java reads them.
 * @throws SluiceError SETTINGS_INVALID for a group that the pattern does not have
 */
export function javaReplacement(regex: JavaRegex, replacement: string): (text: string) => string {
  return replacing(regex, replacement, '')
}

/** As `javaReplacement`, of every place that fits: `Matcher.replaceAll`. */
export function javaReplacementOfAll(regex: JavaRegex, replacement: string): (text: string) => string {
  return replacing(regex, replacement, 'g')
}

function replacing({ first }: JavaRegex, replacement: string, all: '' | 'g'): (text: string) => string {
  const groups = new RegExp(`${first.source}|`, first.flags).exec('')!
  const parts = replacementParts(replacement, groups.length - 1, Object.keys(groups.groups ?? {}))
  const regex = new RegExp(first.source, first.flags + all)
  return (text) =>
    text.replace(regex, (...found: unknown[]) => {
      const named = found.at(-1) as Groups
      const groupOf = (group: number | string): string =>
        (typeof group === 'number' ? (found[group] as string | undefined) : named[group]) ?? ''
      return parts.map((part) => (typeof part === 'string' ? part : groupOf(part.group))).join('')
    })
}

type Groups = Readonly<Record<string, string | undefined>>
type ReplacementPart = string | { readonly group: number | string }

function replacementParts(replacement: string, count: number, names: readonly string[]): ReplacementPart[] {
  const parts: ReplacementPart[] = []
  const refuse = (reason: string): never => {
    throw new SluiceError('SETTINGS_INVALID', `Invalid value ${replacement} for configuration replacement: ${reason}`, {
      remedy: 'Name groups of the pattern as $1 or ${name}; put \\ before a $ that is meant.',
    })
  }
  for (let at = 0; at < replacement.length; at++) {
    const char = replacement[at]!
    if (char === '\\') {
      at++
      parts.push(replacement[at] ?? refuse('character to be escaped is missing'))
    } else if (char !== '$') parts.push(char)
    else if (replacement[at + 1] === '{') {
      const end = replacement.indexOf('}', at)
      const name = end < 0 ? refuse('named capturing group is missing trailing }') : replacement.slice(at + 2, end)
      parts.push({ group: names.includes(name) ? name : refuse(`No group with name {${name}}`) })
      at = end
    } else {
      const digits = groupDigits(replacement, at + 1, count)
      if (digits === '') refuse('Illegal group reference')
      if (Number(digits) > count) refuse(`No group ${digits}`)
      parts.push({ group: Number(digits) })
      at += digits.length
    }
  }
  return parts
}

/** The first digit, and further ones while there is such a group. */
function groupDigits(text: string, from: number, count: number): string {
  let digits = ''
  for (let at = from; /^\d$/.test(text[at] ?? ''); at++) {
    if (digits !== '' && Number(digits + text[at]!) > count) break
    digits += text[at]!
  }
  return digits
}

/** `(?i)` at the front; the flags in between are JavaScript's own `(?i:…)`. */
function javaScriptFlags(letters: string): string {
  return Array.from(letters, (letter) => {
    if (letter === 'i' || letter === 's' || letter === 'm') return letter
    // Unicode case, and newline only: they do not matter for the names of topics.
    if (letter === 'u' || letter === 'd') return ''
    throw new SyntaxError(`The flag ${letter} is not supported`)
  }).join('')
}

const POSIX: Readonly<Record<string, string>> = {
  Lower: 'a-z',
  Upper: 'A-Z',
  ASCII: String.raw`\x00-\x7F`,
  Alpha: 'a-zA-Z',
  Digit: '0-9',
  Alnum: 'a-zA-Z0-9',
  Punct: String.raw`!-\/:-@\[-\x60{-~`,
  Graph: '!-~',
  Print: ' -~',
  Blank: String.raw` \t`,
  XDigit: '0-9a-fA-F',
  Space: String.raw` \t\n\x0B\f\r`,
}

function translated(pattern: string, whole: string): string {
  let source = ''
  let depth = 0
  let inClass = false
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]!
    if (char === '\\') {
      const [text, length] = escape(pattern, at, inClass)
      source += text
      at += length - 1
      continue
    }
    if (inClass) {
      if (char === '[' || pattern.startsWith('&&', at))
        throw new SyntaxError('Classes within classes are not supported')
      if (char === ']') inClass = false
    } else if (char === '[') {
      inClass = true
      // Right behind the bracket a bracket stands for itself in Java.
      const lead = /^\[\^?\]/.exec(pattern.slice(at))?.[0]
      if (lead !== undefined) {
        source += `${lead.slice(0, -1)}\\]`
        at += lead.length - 1
        continue
      }
    } else if (char === '(') depth++
    else if (char === ')' && --depth < 0) throw new SyntaxError(`Unmatched closing ')'`)
    else if (/^[*+?}]\+/.test(pattern.slice(at))) throw new SyntaxError('Possessive quantifiers are not supported')
    source += char
  }
  if (inClass) throw new SyntaxError(`Unclosed character class near index ${whole.length - 1}\n${whole}`)
  if (depth > 0) throw new SyntaxError(`Unclosed group near index ${whole.length}\n${whole}`)
  return source
}

/** An escape at a place, translated, and its length in the pattern. */
function escape(pattern: string, at: number, inClass: boolean): readonly [text: string, length: number] {
  const letter = pattern[at + 1]
  if (letter === undefined) throw new SyntaxError('Unexpected internal error: a backslash at the end')
  if (letter === 'Q') {
    const end = pattern.indexOf(String.raw`\E`, at)
    const quoted = pattern.slice(at + 2, end < 0 ? pattern.length : end)
    return [quoted.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`), quoted.length + (end < 0 ? 2 : 4)]
  }
  const named = /^\\([pP])\{(?:Is)?(\w+)\}/.exec(pattern.slice(at))
  if (named !== null) {
    const [all, kind, name] = named
    const posix = POSIX[name!]
    if (posix === undefined) return [`\\${kind!}{${name!}}`, all.length]
    if (kind === 'P' && inClass) throw new SyntaxError(`${all} within a class is not supported`)
    return [inClass ? posix : `[${kind === 'P' ? '^' : ''}${posix}]`, all.length]
  }
  switch (letter) {
    case 'A':
      return ['(?<![^])', 2]
    case 'z':
      return ['(?![^])', 2]
    case 'Z':
      return [String.raw`(?=\n?(?![^]))`, 2]
    case 'h':
      return [inClass ? String.raw` \t\xA0` : String.raw`[ \t\xA0]`, 2]
    case 'e':
      return [String.raw`\x1B`, 2]
    case 'a':
      return [String.raw`\x07`, 2]
    case 's':
      return [inClass ? POSIX['Space']! : `[${POSIX['Space']!}]`, 2]
    case 'S':
      if (inClass) break
      return [`[^${POSIX['Space']!}]`, 2]
    default:
      break
  }
  const known = /[dDwWSbBtnrfvk0-9xuc]/
  if (/[a-zA-Z]/.test(letter) && (!known.test(letter) || pattern.startsWith('x{', at + 1)))
    throw new SyntaxError(`Illegal/unsupported escape sequence \\${letter}`)
  return [`\\${letter}`, 2]
}
