/** Work for tasks: dealt out in turns, so that no task has more than one piece above another, and the partitions of a topic are spread. */
export function deal<T>(pieces: readonly T[], tasksMax: number): T[][] {
  const hands = Array.from({ length: Math.min(tasksMax, pieces.length) }, (): T[] => [])
  for (const [i, piece] of pieces.entries()) hands[i % hands.length]!.push(piece)
  return hands
}
