/**
 * The order in which Java's `HashMap` gives out its keys, by bucket, and within one in the order they came. Texts
 * that Java printed in this order can only be had in it.
 */
export function inJavaHashOrder(names: readonly string[]): string[] {
  let buckets = 16
  while (names.length > buckets * 0.75) buckets *= 2
  return names
    .map((name) => ({ name, bucket: spread(hashCode(name)) & (buckets - 1) }))
    .toSorted((a, b) => a.bucket - b.bucket)
    .map(({ name }) => name)
}

/** `String.hashCode()` */
function hashCode(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}

/** `HashMap.hash()` */
function spread(hash: number): number {
  return hash ^ (hash >>> 16)
}
