/** Ends a scheduled call that has not happened yet. */
export type Cancel = () => void

interface Timer {
  readonly due: number
  readonly order: number
  readonly run: () => void
}

/** The longest wait that Node's timers take. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1

/**
 * The broker's only source of time: log append times, retention, sessions, transaction time-outs, delayed fetches. A test may
 * freeze it and move it by hand; whatever has become due runs inside of `advance`, in the order of its time.
 */
export class BrokerClock {
  readonly #timers: Timer[] = []
  #order = 0
  #offsetMs = 0
  #frozenAt: number | null = null
  #timeout: NodeJS.Timeout | undefined
  readonly #onFault: (error: unknown) => void

  /** `onFault` is told what a scheduled call throws; the others go on. Default: it is thrown where nothing catches it. */
  constructor(onFault: (error: unknown) => void = throwLater) {
    this.#onFault = onFault
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.#frozenAt ?? Date.now() + this.#offsetMs
  }

  get isFrozen(): boolean {
    return this.#frozenAt !== null
  }

  /** Calls `run` once, `delayMs` from now. Nothing that is scheduled keeps the process alive. */
  schedule(delayMs: number, run: () => void): Cancel {
    const timer: Timer = { due: this.now() + Math.max(0, delayMs), order: this.#order++, run }
    let at = this.#timers.length
    while (at > 0 && this.#timers[at - 1]!.due > timer.due) at--
    this.#timers.splice(at, 0, timer)
    if (at === 0) this.#arm()
    return () => {
      const found = this.#timers.indexOf(timer)
      if (found === -1) return
      this.#timers.splice(found, 1)
      if (found === 0) this.#arm()
    }
  }

  /** Resolves `delayMs` from now. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.schedule(delayMs, resolve))
  }

  /** Time stands still until `thaw`; `advance` moves it. */
  freeze(): void {
    this.#frozenAt ??= this.now()
    this.#arm()
  }

  /** Time runs again, from where it stands. */
  thaw(): void {
    if (this.#frozenAt === null) return
    this.#offsetMs = this.#frozenAt - Date.now()
    this.#frozenAt = null
    this.#arm()
  }

  /** Moves time forward, frozen or not, and runs what becomes due on the way. */
  advance(ms: number): void {
    const target = this.now() + ms
    for (let next = this.#timers[0]; next !== undefined && next.due <= target; next = this.#timers[0]) {
      this.#set(Math.max(this.now(), next.due))
      this.#timers.shift()
      this.#run(next)
    }
    this.#set(target)
    this.#arm()
  }

  /** Forgets what is scheduled. */
  stop(): void {
    this.#timers.length = 0
    clearTimeout(this.#timeout)
  }

  #set(now: number): void {
    if (this.#frozenAt === null) this.#offsetMs = now - Date.now()
    else this.#frozenAt = now
  }

  #arm(): void {
    clearTimeout(this.#timeout)
    const next = this.#timers[0]
    if (next === undefined || this.#frozenAt !== null) return
    this.#timeout = setTimeout(() => this.#runDue(), Math.min(Math.max(1, next.due - this.now()), TIMEOUT_MS_MAX))
    this.#timeout.unref()
  }

  #runDue(): void {
    const now = this.now()
    while (this.#frozenAt === null && this.#timers[0] !== undefined && this.#timers[0].due <= now)
      this.#run(this.#timers.shift()!)
    this.#arm()
  }

  #run({ run }: Timer): void {
    try {
      run()
    } catch (error) {
      this.#onFault(error)
    }
  }
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
