/**
 * When a column chunk is written as places in a dictionary, and when it stops. A dictionary that does not pay costs
 * twice: it takes work and, compressed, even more room than the plain values. So every chunk begins with one and gives it
 * up as early as it can be told: while a page fills, when too many of the values are new; at a page's end, when the page
 * would not become clearly smaller; or when the dictionary itself has grown too large. Pages already written keep it.
 */

/** A dictionary does not grow beyond this. */
export const DICTIONARY_BYTES_MAX: number = 1024 * 1024
/** Longer values are not worth a dictionary: they are rarely repeated and fill it quickly. */
export const DICTIONARY_VALUE_BYTES_MAX = 4096
/** Before this many entries the share of new values says nothing. */
const ENTRIES_MIN = 512

/** Whether, so far, too few values of the chunk were repeated. */
export function tooManyNew(entries: number, values: number): boolean {
  return entries >= ENTRIES_MIN && entries * 4 > values * 3
}

/** Whether a page becomes clearly smaller with a dictionary, counting the entries that it adds to it. */
export function dictionaryPays(newEntryBytes: number, indexBytes: number, plainBytes: number): boolean {
  return (newEntryBytes + indexBytes) * 4 < plainBytes * 3
}
