import type { ListenerOptions } from './security/index.ts'

/** When what is written reaches the disk, and not only the operating system's cache (which survives a kill -9, not a power cut). */
export type FlushPolicy = 'os' | 'every-write' | { readonly everyMs: number }

/** A Kafka release whose API versions and features are offered. */
export type EmulatedRelease = '2.8' | '3.6' | '3.9' | '4.0' | '4.3'

export interface EmbeddedKafkaOptions {
  /** Where logs and metadata live; one process at a time owns it. Without it everything is kept in memory and gone with the process. */
  readonly dataDir?: string
  /** Of the first node; the others take the ports behind it. Default 0: free ports are chosen. */
  readonly port?: number
  /** Default 127.0.0.1. The broker is meant for one machine. */
  readonly host?: string
  /** What clients are told to connect to. Default: `host`. */
  readonly advertisedHost?: string
  /** As `port`, for a broker behind a proxy. Default: the port it listens on. */
  readonly advertisedPort?: number
  /** Virtual nodes, each with a port of its own, in this one process: leaders and coordinators can move between them. Default 1. */
  readonly nodes?: number
  /** Default `os`, which is Kafka's own default. */
  readonly flush?: FlushPolicy
  /** Default: the newest. */
  readonly emulate?: EmulatedRelease
  /** How clients connect and say who they are. Default: in plain text, and they do not. */
  readonly listener?: ListenerOptions
  /**
   * Whether ACLs are kept and obeyed (`authorizer.class.name`). Then nobody may do what no ACL allows, but for `super.users` (in
   * `configs`, separated by `;`). Default false: anybody may do anything.
   */
  readonly authorizer?: boolean
  /** Broker settings in Kafka's words (`num.partitions`, `auto.create.topics.enable`, `group.initial.rebalance.delay.ms` …). */
  readonly configs?: Readonly<Record<string, string>>
  /** Takes what the broker has to say. Default: silent. */
  readonly log?: (level: 'info' | 'warn' | 'error', message: string) => void
}
