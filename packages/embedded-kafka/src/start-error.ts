/** The broker cannot start: what is in the way, and what to do about it. */
export class BrokerStartError extends Error {
  /** What is in the way, without the remedy. */
  readonly reason: string
  readonly remedy: string

  constructor(reason: string, remedy: string, cause?: unknown) {
    super(`${reason} ${remedy}`, cause === undefined ? undefined : { cause })
    this.name = 'BrokerStartError'
    this.reason = reason
    this.remedy = remedy
  }
}
