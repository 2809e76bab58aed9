/**
 * Exact order of numbers in all the forms in which the platform carries them: number, bigint, and decimal text such as `-12.50`.
 * A number stands for the decimal that it prints as, so that `0.1` equals the text `0.1`.
 */

/** Plain decimal text, as Decimals are carried. */
const DECIMAL = /^[+-]?[0-9]+(?:\.[0-9]+)?$/

export type Numeric = number | bigint | string

/** Whether a value is a number in one of the three forms. NaN is none. */
export function isNumeric(value: unknown): value is Numeric {
  if (typeof value === 'number') return value === value
  return typeof value === 'bigint' || (typeof value === 'string' && isDecimalText(value))
}

export function isDecimalText(text: string): boolean {
  return DECIMAL.test(text)
}

/** Negative, zero or positive, as `a` is below, equal to or above `b`. Both must be numeric. */
export function compareNumeric(a: Numeric, b: Numeric): number {
  if (typeof a !== 'string' && typeof b !== 'string') return a < b ? -1 : a > b ? 1 : 0
  if (isInfinite(a) || isInfinite(b)) return Number(a) - Number(b)
  const x = digits(a)
  const y = digits(b)
  if (x.negative !== y.negative) return x.negative ? -1 : 1
  return x.negative ? compareDigits(y, x) : compareDigits(x, y)
}

interface Digits {
  readonly negative: boolean
  /** Before the point, without leading zeros. */
  readonly whole: string
  /** Behind the point, without trailing zeros. */
  readonly fraction: string
}

function isInfinite(value: Numeric): boolean {
  return value === Infinity || value === -Infinity
}

function compareDigits(a: Digits, b: Digits): number {
  if (a.whole.length !== b.whole.length) return a.whole.length - b.whole.length
  if (a.whole !== b.whole) return a.whole < b.whole ? -1 : 1
  if (a.fraction === b.fraction) return 0
  return a.fraction < b.fraction ? -1 : 1
}

function digits(value: Numeric): Digits {
  const text = plain(String(value))
  const negative = text.startsWith('-')
  const unsigned = text.replace(/^[+-]/, '')
  const [before = '', behind = ''] = unsigned.split('.')
  const whole = trimStart(before)
  const fraction = trimEnd(behind)
  return { negative: negative && (whole !== '' || fraction !== ''), whole, fraction }
}

/** `1.5e-7` as `0.00000015`. */
function plain(text: string): string {
  const [mantissa = '', exponent] = text.split('e')
  if (exponent === undefined) return text
  const sign = mantissa.startsWith('-') ? '-' : ''
  const [before = '', behind = ''] = mantissa.replace('-', '').split('.')
  const point = before.length + Number(exponent)
  const all = before + behind
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${all}`
  return `${sign}${all.padEnd(point, '0').slice(0, point)}.${all.slice(point)}`
}

function trimStart(text: string): string {
  let from = 0
  while (from < text.length && text[from] === '0') from++
  return text.slice(from)
}

function trimEnd(text: string): string {
  let to = text.length
  while (to > 0 && text[to - 1] === '0') to--
  return text.slice(0, to)
}
