import type { ProducerRecord } from '@sluice/kafka'

/** So many are handed on without waiting for the end of a fetch: what goes soon is still young for the garbage collector. */
const MANY = 256

/** Records to produce, collected while a batch is processed. Counted in bytes; the tail can be taken back. */
export class OutputBatch {
  #records: ProducerRecord[] = []
  #bytes = 0
  /** Whose the records are, in their order; each up to where. */
  #owners: { readonly owner: object; length: number; bytes: number }[] = []
  /** Told between two records that there are many, here or in `behind`. */
  onMany: (() => void) | null = null
  /** What is to follow: see `Writer.writeBehind`. */
  behind: OutputBatch | null = null

  get length(): number {
    return this.#records.length
  }

  /** Bytes of keys, values and headers. */
  get bytes(): number {
    return this.#bytes
  }

  add(record: ProducerRecord, bytes: number): void {
    this.#records.push(record)
    this.#bytes += bytes
  }

  /** A record has come to all its ends: nothing of it is taken back any more. */
  settled(): void {
    if (this.#records.length >= MANY || (this.behind !== null && this.behind.length >= MANY)) this.onMany?.()
  }

  /** Takes back what was added behind a mark: `length` and `bytes` as they were. */
  rewind(length: number, bytes: number): void {
    this.#records.length = length
    this.#bytes = bytes
  }

  /** What has been added since somebody's was is this one's: see `drop`. */
  addedBy(owner: object): void {
    const last = this.#owners.at(-1)
    const { length } = this.#records
    if (length === (last?.length ?? 0)) return
    if (last?.owner !== owner) this.#owners.push({ owner, length, bytes: this.#bytes })
    else [last.length, last.bytes] = [length, this.#bytes]
  }

  /** Takes back all of one owner's, wherever it is among that of others. */
  drop(owner: object): void {
    const [records, owners] = [this.#records, this.#owners]
    this.take()
    let [begin, beginBytes] = [0, 0]
    for (const part of owners) {
      if (part.owner !== owner) {
        for (let i = begin; i < part.length; i++) this.#records.push(records[i]!)
        this.#bytes += part.bytes - beginBytes
        this.addedBy(part.owner)
      }
      ;[begin, beginBytes] = [part.length, part.bytes]
    }
  }

  /** Hands the records out and begins anew. */
  take(): readonly ProducerRecord[] {
    const records = this.#records
    this.#records = []
    this.#owners = []
    this.#bytes = 0
    return records
  }
}

/** Bytes of a record as they are counted here: key, value and headers. */
export function bytesOf(record: Pick<ProducerRecord, 'key' | 'value' | 'headers'>): number {
  let bytes = (record.key?.byteLength ?? 0) + (record.value?.byteLength ?? 0)
  if (record.headers !== null) {
    for (const { key, value } of record.headers) bytes += key.length + (value?.byteLength ?? 0)
  }
  return bytes
}
