import { approxDistinct } from './approx-distinct.ts'
import { avg, count, first, last, max, min, sum } from './numbers.ts'
import { topK } from './top-k.ts'

/** The figures that a summary may have: `summarize({ orders: Figures.count(), revenue: Figures.sum((order) => order.amount) })`. */
export const Figures = { count, sum, avg, min, max, first, last, topK, approxDistinct }

export type { Figure, FiguresOf, RetractableFigure, RetractableFiguresOf } from './figure.ts'
