import type { StoreImage } from '../store-context.ts'

/** A store of a cut. */
export interface StoreCut {
  readonly name: string
  readonly shape: string
  /** Where its changelog goes on behind the cut; null: from the beginning. */
  readonly position: number | null
  /** Null: it is in the file. */
  readonly image: StoreImage | null
}

/** The state of one task as of one commit. Taken in no time; what it is made of is written afterwards. */
export interface StateCut {
  readonly stores: readonly StoreCut[]
  /** Brings the stores on disk into a file of their own, which the caller removes; null: there are none. */
  readonly copyTo: ((file: string) => Promise<void>) | null
}
