/** Seeds of a model test: a few of its own, or those in SLUICE_MODEL_SEEDS, as in `7` or `100-199`. */
export function seeds(own: readonly number[]): readonly number[] {
  const wanted = process.env['SLUICE_MODEL_SEEDS']
  if (wanted === undefined) return own
  const [first, last = first] = wanted.split('-').map(Number)
  return Array.from({ length: last! - first! + 1 }, (_, i) => first! + i)
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
