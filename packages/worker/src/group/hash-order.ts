const TABLE_SIZE_MIN = 16
const LOAD_FACTOR = 0.75

/**
 * Texts in the order in which Java's `new HashSet<>(texts)` goes through them, each once. Java writes the connectors of an assignment in
 * that order; nobody may depend on it, but equal bytes are easier to believe in than equal meanings.
 */
export function inHashOrder(texts: readonly string[]): readonly string[] {
  const wanted = Math.max(Math.trunc(texts.length / LOAD_FACTOR) + 1, TABLE_SIZE_MIN)
  const tableSize = 2 ** Math.ceil(Math.log2(wanted))
  const bucketOf = (text: string): number => {
    const hash = hashCode(text)
    return (hash ^ (hash >>> 16)) & (tableSize - 1)
  }
  // The sort is stable: within a bucket the first to come is the first.
  return Array.from(new Set(texts), (text) => ({ text, bucket: bucketOf(text) }))
    .toSorted((a, b) => a.bucket - b.bucket)
    .map(({ text }) => text)
}

/** `String.hashCode`: of 32 bits, over UTF-16 units. */
function hashCode(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}
