/** Parts of a list in which no key comes twice, as few as that takes, in order: brokers refuse requests that name a thing twice. */
export function layers<T>(items: readonly T[], keyOf: (item: T) => string): readonly (readonly T[])[] {
  const found: T[][] = []
  const depths = new Map<string, number>()
  for (const item of items) {
    const key = keyOf(item)
    const depth = depths.get(key) ?? 0
    depths.set(key, depth + 1)
    const layer = found[depth]
    if (layer === undefined) found.push([item])
    else layer.push(item)
  }
  return found
}
