import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Program } from './program.ts'
import { type ClientRelease, compile, startJava } from './java.ts'
import { eventually } from './eventually.ts'

/** Where the tools are that moved between releases. */
const MOVED: Readonly<Record<ClientRelease, Readonly<Record<string, string>>>> = {
  '4.3.1': { ConfigCommand: 'kafka.admin.ConfigCommand' },
  '3.9.2': {
    ConfigCommand: 'kafka.admin.ConfigCommand',
    AclCommand: 'kafka.admin.AclCommand',
    BrokerApiVersionsCommand: 'kafka.admin.BrokerApiVersionsCommand',
    ConsoleProducer: 'kafka.tools.ConsoleProducer',
  },
}
/** Tools that take their options behind the verb only. */
const AFTER_THE_VERB = new Set(['ClusterTool'])
const TOOL_TIMEOUT_MS = 60_000

/** What a tool printed, standard error included, and how it ended. */
export interface Told {
  readonly status: number
  readonly text: string
}

/** Kafka's command line tools, run one after another in one process. */
export class JavaTools implements AsyncDisposable {
  readonly #release: ClientRelease
  readonly #bootstrapServers: string
  readonly #classes: string
  readonly #program: Program

  constructor(release: ClientRelease, bootstrapServers: string) {
    this.#release = release
    this.#bootstrapServers = bootstrapServers
    this.#classes = mkdtempSync(path.join(tmpdir(), 'sluice-tools-'))
    compile(release, 'Tools.java', this.#classes)
    this.#program = startJava(release, 'Tools', [], { classes: this.#classes })
  }

  /** The class of a tool named without its package. */
  classOf(tool: string): string {
    return MOVED[this.#release][tool] ?? `org.apache.kafka.tools.${tool}`
  }

  /** Runs a tool that must succeed; what it printed. */
  async run(tool: string, ...args: string[]): Promise<string> {
    const { status, text } = await this.ask('', tool, ...args)
    if (status !== 0) throw new Error(`${tool} ${args.join(' ')} ended with status ${status}\n${text}`)
    return text
  }

  async ask(input: string, tool: string, ...args: string[]): Promise<Told> {
    const seen = this.#program.lines.length
    const server = ['--bootstrap-server', this.#bootstrapServers]
    const all = AFTER_THE_VERB.has(tool) ? [...args, ...server] : [...server, ...args]
    const words = [input, this.classOf(tool), ...all]
    this.#program.write(`${words.map((word) => Buffer.from(word).toString('base64')).join(' ')}\n`)
    const isAnswered = (): boolean => this.#program.lines.length > seen
    await eventually(`${tool} ${args.join(' ')} ends`, () => isAnswered() || this.#program.hasEnded, TOOL_TIMEOUT_MS)
    if (!isAnswered()) throw new Error(`${tool} took the tools down\n${this.#program.report()}`)
    const [status, text] = this.#program.lines.at(-1)!.split(' ')
    return { status: Number(status), text: Buffer.from(text ?? '', 'base64').toString() }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.end('SIGKILL')
    rmSync(this.#classes, { recursive: true, force: true })
  }
}
