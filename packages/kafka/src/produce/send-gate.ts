import { SluiceError } from '@sluice/sdk'

/** What batches wait for before they are sent: see `ProduceOptions.after`. */
export class SendGate {
  readonly after: Promise<unknown>
  #isOpen = false
  #failure: SluiceError | null = null

  /** `onChange`: it has been opened, or never will be. */
  constructor(after: Promise<unknown>, onChange: (gate: SendGate) => void) {
    this.after = after
    void after
      .then(
        () => void (this.#isOpen = true),
        (error: unknown) => void (this.#failure = asSluiceError(error)),
      )
      .then(() => onChange(this))
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Why it never opens. */
  get failure(): SluiceError | null {
    return this.#failure
  }
}

function asSluiceError(error: unknown): SluiceError {
  if (error instanceof SluiceError) return error
  return new SluiceError('INTERRUPTED', 'What these records were to be sent after has failed', { cause: error })
}
