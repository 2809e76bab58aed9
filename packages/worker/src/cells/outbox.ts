import type { FromCell } from './cell-protocol.ts'

/** `sent`: when it is out of the house. */
type Post = (message: FromCell, sent: () => void) => void

/**
 * What a cell has to say. What is said before anything else can happen in it (another event, a timer) goes out as one message: to write and
 * to hear one costs both sides more than what is in it.
 */
export class Outbox {
  readonly #post: Post
  #waiting: FromCell[] = []

  constructor(post: Post) {
    this.#post = post
  }

  /** With `sent` it goes at once. */
  send(message: FromCell, sent?: () => void): void {
    this.#waiting.push(message)
    if (sent !== undefined) this.flush(sent)
    // Behind all promises that are settled already.
    else if (this.#waiting.length === 1) process.nextTick(() => this.flush())
  }

  /** Sends what waits, now: before this process ends, for one. */
  flush(sent: () => void = () => undefined): void {
    const messages = this.#waiting
    if (messages.length === 0) return sent()
    this.#waiting = []
    this.#post(messages.length === 1 ? messages[0]! : { type: 'several', messages }, sent)
  }
}
