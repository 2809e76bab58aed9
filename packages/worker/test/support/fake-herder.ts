/** A herder that keeps connectors in memory, for tests of what stands in front of one. Its words are Kafka Connect's. */
import type { RawSettings, SettingDefinition, SettingsValidation } from '@sluice/sdk'
import {
  HerderError,
  type ConnectorInfo,
  type ConnectorOffset,
  type ConnectorStateInfo,
  type Herder,
  type HerderStage,
  type InternalRequest,
  type LoggerLevel,
  type PluginInfo,
  type RestartRequest,
  type TargetState,
  type TaskId,
} from '../../src/herder/herder.ts'
import { NOTHING_MEASURED, type Measures } from '../../src/operations/measures.ts'
import { LogLevels } from '../../src/operations/log-levels.ts'
import { verifySignature, type SignatureKeys } from '../../src/rest/signatures.ts'

interface Kept {
  config: RawSettings
  state: 'RUNNING' | 'PAUSED' | 'STOPPED'
  offsets: readonly ConnectorOffset[]
}

const STATES = { STARTED: 'RUNNING', PAUSED: 'PAUSED', STOPPED: 'STOPPED' } as const

export class FakeHerder implements Herder {
  readonly mode = 'distributed'
  readonly workerId: string
  readonly kafkaClusterId = 'fake-cluster'
  readonly kept = new Map<string, Kept>()
  readonly levels = new LogLevels()
  /** What happened, in the words of this interface. */
  readonly heard: string[] = []
  isReady = true
  keys: SignatureKeys = { sessionKey: null, algorithms: ['HmacSHA256'] }
  stageNow: HerderStage | null = null
  /** Every request through the tick waits for it, and fails with what it rejects with. */
  gate: Promise<void> = Promise.resolve()

  constructor(workerId = 'fake:8083') {
    this.workerId = workerId
    for (const name of ['Source', 'Sink'])
      this.levels.logger(`org.apache.kafka.connect.file.FileStream${name}Connector`)
    this.levels.logger('org.apache.kafka.connect.file.FileStreamSourceTask')
  }

  start(): Promise<void> {
    return Promise.resolve()
  }

  stop(): Promise<void> {
    return Promise.resolve()
  }

  measures(): Measures {
    return NOTHING_MEASURED
  }

  stage(): HerderStage | null {
    return this.stageNow
  }

  healthCheck(): Promise<void> {
    return this.gate
  }

  connectors(): readonly string[] {
    return [...this.kept.keys()]
  }

  async connectorInfo(connector: string): Promise<ConnectorInfo> {
    await this.gate
    return this.#info(connector)
  }

  async connectorConfig(connector: string): Promise<RawSettings> {
    await this.gate
    return this.#known(connector).config
  }

  async putConnectorConfig(
    connector: string,
    config: RawSettings,
    options: { readonly mayReplace: boolean; readonly targetState?: TargetState },
  ): Promise<{ readonly isCreated: boolean; readonly info: ConnectorInfo }> {
    await this.gate
    if (!Object.hasOwn(config, 'connector.class')) {
      const shown = Object.entries(config).map(([key, value]) => `${key}=${value}`)
      throw new HerderError(400, `Connector config {${shown.join(', ')}} contains no connector type`)
    }
    const errors = nameErrors(connector)
    if (errors !== '')
      throw new HerderError(
        400,
        `Connector configuration is invalid and contains the following 1 error(s):\n${errors}\nYou can also find the above list of errors at the endpoint \`/connector-plugins/{connectorType}/config/validate\``,
      )
    const before = this.kept.get(connector)
    if (before !== undefined && !options.mayReplace) throw new HerderError(409, `Connector ${connector} already exists`)
    const state = before?.state ?? STATES[options.targetState ?? 'STARTED']
    this.kept.set(connector, { config, state, offsets: before?.offsets ?? [] })
    return {
      isCreated: before === undefined,
      info: { ...this.#info(connector), ...(before === undefined && { tasks: [] }) },
    }
  }

  async patchConnectorConfig(
    connector: string,
    patch: Readonly<Record<string, string | null>>,
  ): Promise<ConnectorInfo> {
    await this.gate
    const kept = this.#known(connector)
    const merged = Object.entries({ ...kept.config, ...patch }).filter(
      (entry): entry is [string, string] => entry[1] !== null,
    )
    kept.config = Object.fromEntries(merged)
    return this.#info(connector)
  }

  async deleteConnector(connector: string): Promise<void> {
    await this.gate
    this.#known(connector)
    this.kept.delete(connector)
  }

  connectorStatus(connector: string): ConnectorStateInfo {
    return this.#status(connector, `No status found for connector ${connector}`)
  }

  taskStatus({ connector, task }: TaskId): ConnectorStateInfo['tasks'][number] {
    const missing = `No status found for task ${connector}-${task}`
    const found = this.#status(connector, missing).tasks.find(({ id }) => id === task)
    if (found === undefined) throw new HerderError(404, missing)
    return found
  }

  async restartConnector(connector: string): Promise<void> {
    await this.gate
    this.#known(connector, `Unknown connector: ${connector}`)
    this.heard.push(`restart ${connector}`)
  }

  async restartConnectorAndTasks({ connector, onlyFailed, includeTasks }: RestartRequest): Promise<ConnectorStateInfo> {
    await this.gate
    const status = this.#status(connector, `Unknown connector: ${connector}`)
    if (onlyFailed) return status
    const restarting = { state: 'RESTARTING' } as const
    const tasks = includeTasks ? status.tasks.map((task) => ({ ...task, ...restarting })) : status.tasks
    return { ...status, connector: { ...status.connector, ...restarting }, tasks }
  }

  async restartTask({ connector, task }: TaskId): Promise<void> {
    await this.gate
    this.#known(connector, `Unknown connector: ${connector}`)
    if (!this.#info(connector).tasks.some((id) => id.task === task))
      throw new HerderError(404, `Unknown task: ${connector}-${task}`)
  }

  pauseConnector(connector: string): Promise<void> {
    return this.#target(connector, 'PAUSED')
  }

  resumeConnector(connector: string): Promise<void> {
    return this.#target(connector, 'RUNNING')
  }

  async stopConnector(connector: string): Promise<void> {
    await this.gate
    return this.#target(connector, 'STOPPED')
  }

  async taskConfigs(connector: string): Promise<readonly { readonly id: TaskId; readonly config: RawSettings }[]> {
    await this.gate
    return this.#info(connector).tasks.map((id) => ({ id, config: this.#known(connector).config }))
  }

  async putTaskConfigs(
    connector: string,
    configs: readonly RawSettings[],
    request: InternalRequest | null,
  ): Promise<void> {
    if (request !== null) verifySignature(request, this.keys)
    await this.gate
    this.heard.push(`tasks of ${connector}: ${JSON.stringify(configs)}`)
  }

  async fenceZombies(connector: string, request: InternalRequest | null): Promise<void> {
    if (request !== null) verifySignature(request, this.keys)
    await this.gate
    this.heard.push(`fence ${connector}`)
  }

  activeTopics(connector: string): readonly string[] {
    const topic = this.kept.get(connector)?.config['topic']
    return topic === undefined ? [] : [topic]
  }

  async resetActiveTopics(connector: string): Promise<void> {
    await this.gate
    this.heard.push(`forget topics of ${connector}`)
  }

  async connectorOffsets(connector: string): Promise<readonly ConnectorOffset[]> {
    await this.gate
    return this.#known(connector).offsets
  }

  async alterConnectorOffsets(connector: string, offsets: readonly ConnectorOffset[] | null): Promise<string> {
    await this.gate
    const kept = this.#known(connector)
    if (kept.state !== 'STOPPED')
      throw new HerderError(
        400,
        `Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the specified connector by issuing a 'PUT' request to the '/connectors/${connector}/stop' endpoint`,
      )
    if (offsets?.some(({ partition }) => partition === null) === true)
      throw new HerderError(400, 'The partition for a sink connector offset cannot be null or missing')
    const forgotten = new Set(offsets?.map(({ partition }) => JSON.stringify(partition, bigText)))
    const others = kept.offsets.filter(({ partition }) => !forgotten.has(JSON.stringify(partition, bigText)))
    kept.offsets = offsets === null ? [] : [...others, ...offsets.filter(({ offset }) => offset !== null)]
    return `The offsets for this connector have been ${offsets === null ? 'reset' : 'altered'} successfully`
  }

  plugins(connectorsOnly: boolean): readonly PluginInfo[] {
    const sink = { class: 'FileStreamSinkConnector', type: 'sink', version: '4.3.1' } as const
    const source = { class: 'FileStreamSourceConnector', type: 'source', version: '4.3.1' } as const
    const converter = { class: 'JsonConverter', type: 'converter' } as const
    return connectorsOnly ? [sink, source] : [sink, source, converter]
  }

  async pluginConfig(plugin: string, version: string | undefined): Promise<readonly SettingDefinition[]> {
    await this.gate
    if (!plugin.startsWith('FileStream')) throw new HerderError(404, `Unknown plugin ${plugin}.`)
    if (version !== undefined)
      throw new HerderError(400, `Plugin ${plugin} not found that matches the version range ${version}`)
    return []
  }

  async validateConfig(
    plugin: string | null,
    config: Readonly<Record<string, string | null>>,
  ): Promise<SettingsValidation> {
    await this.gate
    if (!Object.hasOwn(config, 'connector.class'))
      throw new HerderError(400, 'Connector config {} contains no connector type')
    return { name: plugin ?? '', error_count: 0, groups: [], configs: [] }
  }

  loggers(): ReadonlyMap<string, LoggerLevel> {
    return this.levels.loggers()
  }

  logger(name: string): LoggerLevel | null {
    return this.levels.level(name)
  }

  setWorkerLoggerLevel(namespace: string, level: string): readonly string[] {
    return this.levels.setLevel(namespace, level)
  }

  setClusterLoggerLevel(namespace: string, level: string): Promise<void> {
    this.levels.setLevel(namespace, level)
    return Promise.resolve()
  }

  #known(connector: string, missing = `Connector ${connector} not found`): Kept {
    const kept = this.kept.get(connector)
    if (kept === undefined) throw new HerderError(404, missing)
    return kept
  }

  #info(connector: string): ConnectorInfo {
    const { config, state } = this.#known(connector)
    const tasks = state === 'STOPPED' ? 0 : Math.min(Number(config['tasks.max'] ?? 1) || 1, 10)
    return {
      name: connector,
      config,
      tasks: Array.from({ length: tasks }, (_, task) => ({ connector, task })),
      type: config['connector.class']?.includes('Sink') === true ? 'sink' : 'source',
    }
  }

  #status(connector: string, missing: string): ConnectorStateInfo {
    const { state } = this.#known(connector, missing)
    const { tasks, type } = this.#info(connector)
    const work = { state, workerId: this.workerId, trace: null, version: '4.3.1' }
    return { name: connector, connector: work, tasks: tasks.map(({ task }) => ({ id: task, ...work })), type }
  }

  /** Refusals reject, as in a herder. */
  async #target(connector: string, state: Kept['state']): Promise<void> {
    this.#known(connector, `Unknown connector ${connector}`).state = state
  }
}

function nameErrors(name: string): string {
  if (name === '') return 'Invalid value  for configuration name: String may not be empty'
  const codes = Array.from(name, (char) => char.codePointAt(0) ?? 0).filter((code) => code < 0x20 || code === 0x7f)
  return codes.length === 0
    ? ''
    : `Invalid value ${name} for configuration name: String may not contain control sequences but had the following ASCII chars: ${codes.join(', ')}`
}

function bigText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
