/** What every trial is given. */
export interface TrialOptions {
  readonly full: boolean
  readonly seed: number
  /** Only what has these words in its name, where a trial has parts with names. */
  readonly only: string | null
}
