/** A generator of numbers from 0 to below 1: the same for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    return ((state >>> 8) & 0xff_ffff) / 0x100_0000
  }
}
