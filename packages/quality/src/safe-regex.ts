import { createRequire } from 'node:module'
import type { RE2JS } from 're2js'

const require = createRequire(import.meta.url)

/** The longest pattern a rule may hold, in characters. */
export const PATTERN_CHARS_MAX = 1000

/** A pattern whose cost grows with the length of the text and nothing else. */
export interface SafeRegex {
  /** Whether it is found anywhere in the text. */
  test(text: string): boolean
}

/**
 * Compiles a pattern that a user wrote, in RE2's syntax: no back-references, no look-around, and therefore no text on which it
 * runs away. Not anchored: `^` and `$` do that. The answer is a text when the pattern is wrong: what would be right.
 */
export function compileRegex(pattern: string, ignoreCase: boolean = false): SafeRegex | string {
  if (pattern.length > PATTERN_CHARS_MAX) return `a pattern of at most ${PATTERN_CHARS_MAX} characters`
  try {
    // Loaded when the first pattern is compiled: most programs have none.
    const { RE2JS: re2 } = require('re2js') as { readonly RE2JS: typeof RE2JS }
    return re2.compile(pattern, ignoreCase ? re2.CASE_INSENSITIVE : 0)
  } catch (error) {
    return `a pattern in RE2 syntax (${error instanceof Error ? error.message : String(error)})`
  }
}
