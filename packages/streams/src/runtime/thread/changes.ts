import { SluiceError, type TopicPartition } from '@sluice/sdk'

/** What the group, or the application, asks of a thread, done between two rounds. */
export type Change =
  | { readonly kind: 'assigned'; readonly partitions: readonly TopicPartition[] }
  | { readonly kind: 'revoked'; readonly partitions: readonly TopicPartition[]; readonly done: () => void }
  | {
      readonly kind: 'still'
      readonly work: () => Promise<void>
      readonly done: (failure: { error: unknown } | null) => void
    }

/** What is asked of a thread and not done yet, in its order. */
export class Changes {
  readonly #onAsked: () => void
  readonly #waiting: Change[] = []
  #hasEnded = false

  /** @param onAsked told that there is something to do */
  constructor(onAsked: () => void) {
    this.#onAsked = onAsked
  }

  get areNone(): boolean {
    return this.#waiting.length === 0
  }

  ask(change: Change): void {
    if (this.#hasEnded) {
      giveUp(change)
      return
    }
    this.#waiting.push(change)
    this.#onAsked()
  }

  next(): Change | undefined {
    return this.#waiting.shift()
  }

  /** Nobody does anything any more: whoever waits is told, now and later. */
  end(): void {
    this.#hasEnded = true
    for (const change of this.#waiting.splice(0)) giveUp(change)
  }
}

function giveUp(change: Change): void {
  if (change.kind === 'revoked') change.done()
  else if (change.kind === 'still')
    change.done({ error: new SluiceError('INTERRUPTED', 'The application ended before this could be done') })
}
