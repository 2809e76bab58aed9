/**
 * JSON that keeps every digit. Table logs hold 64-bit integers and 38-digit decimals as JSON numbers; JavaScript's own
 * parser rounds them without a word.
 */

/** A number that is written with exactly these digits, such as a decimal. Made by `exactNumber`, and by `parseExact`. */
export interface ExactNumber {
  readonly rawJSON: string
}

export type Json = null | boolean | number | bigint | string | ExactNumber | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json | undefined
}

/** Since ECMAScript 2025 ("JSON.parse source text access"); the compiler's library does not name it yet. */
interface ExactJSON {
  rawJSON(text: string): ExactNumber
  parse(text: string, reviver: (key: string, value: Json, context: { readonly source?: string }) => Json): Json
}
const json = JSON as unknown as ExactJSON

/** @throws SyntaxError when the text is no JSON number */
export function exactNumber(text: string): ExactNumber {
  return json.rawJSON(text)
}

/**
 * Reads JSON. Whole numbers beyond ±(2^53 − 1) become bigint; numbers with a point or an exponent and more digits than a
 * double holds become `ExactNumber`; everything else is what `JSON.parse` gives.
 * @throws SyntaxError
 */
export function parseExact(text: string): Json {
  return json.parse(text, (_key, value, { source }) => {
    if (typeof value !== 'number' || source === undefined) return value
    if (/^-?\d+$/.test(source)) return Number.isSafeInteger(value) ? value : BigInt(source)
    return source.length <= 16 && Number.isFinite(value) ? value : json.rawJSON(source)
  })
}

/** Writes JSON on one line. Bigints are written as numbers; properties that are undefined are left out. */
export function stringifyExact(value: Json): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'bigint' ? json.rawJSON(String(inner)) : inner,
  )
}
