/** The broker cannot start: what is in the way, and what to do about it. */
export class BrokerStartError extends Error {
  readonly remedy: string

  constructor(message: string, remedy: string, cause?: unknown) {
    super(`${message} ${remedy}`, cause === undefined ? undefined : { cause })
    this.name = 'BrokerStartError'
    this.remedy = remedy
  }
}
