import fs from 'node:fs'
import path from 'node:path'
import { type ConnectWorkerProcess, until } from './connect-worker.ts'

/** So many ways of a line: from a file to a topic to a file, each by a source and a sink of Connect's own file connectors. */
export class FileFlows {
  readonly count: number
  /** Written to each source's file so far. */
  lines = 0
  readonly #folder: string

  constructor(folder: string, count: number) {
    this.#folder = folder
    this.count = count
  }

  connectors(): ReadonlyMap<string, Readonly<Record<string, string>>> {
    const connectors = new Map<string, Readonly<Record<string, string>>>()
    for (const i of this.#flows()) {
      const [source, sink] = ['FileStreamSource', 'FileStreamSink'].map((name) => ({
        'connector.class': name,
        'tasks.max': '1',
      }))
      connectors.set(`source-${i}`, { ...source, topic: `lines-${i}`, file: this.#from(i) })
      connectors.set(`sink-${i}`, { ...sink, topics: `lines-${i}`, file: this.#to(i) })
    }
    return connectors
  }

  topics(): readonly string[] {
    return this.#flows().map((i) => `lines-${i}`)
  }

  /** Appends lines to every source's file. */
  write(lines: number): void {
    for (const i of this.#flows()) fs.appendFileSync(this.#from(i), textOf(i, this.lines, lines))
    this.lines += lines
  }

  /** Waits until the last of so many lines has come through everywhere. */
  async arrive(lines: number, deadlineMs: number): Promise<void> {
    let behind: number[] = []
    const hasArrived = (): boolean => {
      behind = this.#flows().filter((i) => !this.#read(i).includes(`flow ${i} line ${lines - 1}\n`))
      return behind.length === 0
    }
    await until(`${lines} lines arrive`, hasArrived, deadlineMs).catch((error) => {
      throw new Error(`flows ${behind.join(', ')} are behind`, { cause: error })
    })
  }

  /** Waits until the sources' positions stand behind all that was written, and the sinks' offsets too. */
  async stored(worker: ConnectWorkerProcess, deadlineMs: number): Promise<void> {
    for (const i of this.#flows()) {
      await this.sourceStored(worker, i, deadlineMs)
      await this.sinkStored(worker, i, this.lines, deadlineMs)
    }
  }

  /** Waits until a source's position stands behind all that was written. */
  async sourceStored(worker: ConnectWorkerProcess, flow: number, deadlineMs: number): Promise<void> {
    const partition = { filename: this.#from(flow) }
    const offset = { position: fs.statSync(this.#from(flow)).size }
    await this.#is(worker, `source-${flow}`, { partition, offset }, deadlineMs)
  }

  /** Waits until a sink's offset stands behind so many records of its topic. */
  async sinkStored(worker: ConnectWorkerProcess, flow: number, records: number, deadlineMs: number): Promise<void> {
    const partition = { kafka_topic: `lines-${flow}`, kafka_partition: 0 }
    await this.#is(worker, `sink-${flow}`, { partition, offset: { kafka_offset: records } }, deadlineMs)
  }

  /** What is missing, out of place or twice in the sinks' files. */
  problems(mayRepeat: boolean): string[] {
    return this.#flows().flatMap((i) => {
      const found = this.#read(i)
      if (found === textOf(i, 0, this.lines)) return []
      const lines = found.split('\n').slice(0, -1)
      const unique = new Set(lines)
      const lost = Array.from({ length: this.lines }, (_, n) => `flow ${i} line ${n}`).filter(
        (line) => !unique.has(line),
      )
      if (lost.length > 0) return [`flow ${i}: lost ${lost.length}, the first is "${lost[0]}"`]
      if (mayRepeat) return []
      return [`flow ${i}: twice ${lines.length - unique.size}`]
    })
  }

  async #is(worker: ConnectWorkerProcess, name: string, expected: object, deadlineMs: number): Promise<void> {
    let found: unknown
    const isThere = async (): Promise<boolean> => {
      found = await worker.must('GET', `/connectors/${name}/offsets`)
      return sorted(found) === sorted({ offsets: [expected] })
    }
    await until(`${name} has stored ${JSON.stringify(expected)}`, isThere, deadlineMs).catch((error) => {
      throw new Error(`it has ${JSON.stringify(found)}`, { cause: error })
    })
  }

  #flows(): number[] {
    return Array.from({ length: this.count }, (_, i) => i)
  }

  #from(i: number): string {
    return path.join(this.#folder, `from-${i}.txt`)
  }

  #to(i: number): string {
    return path.join(this.#folder, `to-${i}.txt`)
  }

  #read(i: number): string {
    try {
      return fs.readFileSync(this.#to(i), 'utf8')
    } catch {
      return ''
    }
  }
}

function textOf(flow: number, first: number, count: number): string {
  return Array.from({ length: count }, (_, n) => `flow ${flow} line ${first + n}\n`).join('')
}

/** JSON with its keys in order: they mean nothing. */
export function sorted(value: unknown): string {
  return JSON.stringify(value, (_, at: unknown) =>
    typeof at === 'object' && at !== null && !Array.isArray(at)
      ? Object.fromEntries(Object.entries(at).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : at,
  )
}
