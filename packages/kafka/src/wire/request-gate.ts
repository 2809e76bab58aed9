import type { Clock, Random } from '@sluice/sdk'

/** What the gate leads to. */
export interface GateWay<R> {
  write(request: R): void
  /** Authenticates again and calls `authenticated`; ends the connection if that fails. Never rejects. */
  authenticate(): Promise<void>
}

/** Part of a session's life after which it is renewed, at random so that not all connections do so at once (KIP-368). */
const RENEW_AFTER = 0.85
const RENEW_SPREAD = 0.1

/**
 * Lets requests out in their order. Open nearly always; shut while the broker wants to be left alone (KIP-219), and while the
 * client proves again who it is, which it does before the first request after the session has become old.
 */
export class RequestGate<R> {
  readonly #clock: Clock
  readonly #way: GateWay<R>
  #held: R[] = []
  #mutedUntil = -Infinity
  #renewAt = Infinity
  #isAuthenticating = false
  #timer: NodeJS.Timeout | undefined

  constructor(clock: Clock, way: GateWay<R>) {
    this.#clock = clock
    this.#way = way
  }

  get isHolding(): boolean {
    return this.#held.length > 0
  }

  pass(request: R): void {
    const isIdle = this.#held.length === 0 && !this.#isAuthenticating
    const now = this.#clock.monotonic()
    if (isIdle && now >= this.#mutedUntil && now < this.#renewAt) return this.#way.write(request)
    this.#held.push(request)
    this.#open()
  }

  mute(ms: number): void {
    this.#mutedUntil = Math.max(this.#mutedUntil, this.#clock.monotonic() + ms)
  }

  /** The session lasts this long from now; 0: for ever. */
  authenticated(lifetimeMs: number, random: Random): void {
    const part = RENEW_AFTER + RENEW_SPREAD * random.next()
    this.#renewAt = lifetimeMs > 0 ? this.#clock.monotonic() + lifetimeMs * part : Infinity
  }

  /** What was held and will not be sent. */
  close(): R[] {
    clearTimeout(this.#timer)
    return this.#held.splice(0)
  }

  #open(): void {
    if (this.#isAuthenticating || this.#held.length === 0) return
    const now = this.#clock.monotonic()
    if (now < this.#mutedUntil) {
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => this.#open(), Math.max(1, Math.ceil(this.#mutedUntil - now)))
    } else if (now >= this.#renewAt) {
      void this.#renew()
    } else {
      for (const request of this.#held.splice(0)) this.#way.write(request)
    }
  }

  async #renew(): Promise<void> {
    this.#isAuthenticating = true
    await this.#way.authenticate()
    this.#isAuthenticating = false
    this.#open()
  }
}
