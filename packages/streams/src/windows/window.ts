/** A window: an interval of time that records are aggregated over. */
export interface Window {
  /** Milliseconds since the epoch, inclusive. */
  readonly start: number
  /** Exclusive for tumbling, hopping, unlimited and calendar windows, inclusive for sliding and session windows. `Infinity`: none. */
  readonly end: number
}

/** Kafka Streams' `Windowed`: the key of a windowed table. One flat object, because one is made per update. */
export interface Windowed<out K> extends Window {
  readonly key: K
}

/**
 * Windows that stand where they are whatever arrives: tumbling, hopping, unlimited, calendar. They are walked through without an
 * iterator: `for (let start = w.firstStart(ts); start <= ts; start = w.nextStart(start))` visits every window that holds `ts`.
 */
export interface FixedWindows {
  readonly kind: 'time' | 'unlimited' | 'calendar'
  /** The longest window, in milliseconds; `Infinity` for unlimited ones. */
  readonly sizeMs: number
  /** How long behind its end a window still takes records. */
  readonly graceMs: number
  /** Start of the earliest window that holds the time; more than the time where none does. */
  firstStart(timestamp: number): number
  /** Start of the window behind the one that starts at `start`. */
  nextStart(start: number): number
  /** End, exclusive, of the window that starts at `start`. */
  endOf(start: number): number
}
