/** What every trial is given. */
export interface TrialOptions {
  readonly full: boolean
  readonly seed: number
}
