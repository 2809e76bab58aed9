/** Connectors that misbehave, in cells of their own, beside a healthy one (Kafka's BlockingConnectorTest, and what it does not try). */
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { address, onBroker } from '../support/test-cluster.ts'
import { eventually } from '../support/eventually.ts'
import { CellWorld, isAlive, realEnvironment, type Healthy } from './cell-world.ts'
import type { Sickness } from './sick-connectors.ts'

onBroker('beside a sick connector', () => {
  let world: CellWorld
  let well: string
  let ill: string
  let healthy: Healthy

  beforeEach(async () => {
    const id = randomUUID().slice(0, 8)
    ;[well, ill] = [`well-${id}`, `ill-${id}`]
    // Long enough for a cell to begin, and less than what a stalled one is ended after.
    world = new CellWorld({ ...realEnvironment(address, id), requestTimeoutMs: 2000 })
    healthy = await world.healthy(well)
  })
  afterEach(() => world.close())

  /** The healthy one has not stopped, and can still be asked, paused and started beside. */
  async function othersAreWell(): Promise<void> {
    const before = healthy.beats()
    await eventually('the healthy one goes on', () => healthy.beats() > before + 3)
    expect(healthy.wasRestarted()).toBe(false)
    expect(await world.host.taskConfigs(well, 1)).toHaveLength(1)
  }

  test('one that blocks in validate fails that question alone, when its time is over', async () => {
    const config = world.config(ill, { sick: 'block-validate' })
    await expect(world.host.validate(config)).rejects.toMatchObject({ code: 'CELL_TIMEOUT' })
    await othersAreWell()
    expect(await world.host.validate(world.config(ill, { sick: 'invalid' }))).toEqual([
      { setting: 'sick', message: 'is not right' },
    ])
  })

  test('one that holds the event loop in validate is ended, though its config has the name of the healthy one', async () => {
    const config = world.config(well, { sick: 'spin-validate' })
    await expect(world.host.validate(config)).rejects.toMatchObject({ code: 'CELL_TIMEOUT' })
    await eventually('its cell is gone', () => world.host.cells().length === 1)
    await othersAreWell()
  })

  test('one that blocks in start never runs, and is left behind when it is to stop; its tasks run', async () => {
    await world.start(ill, { sick: 'block-start' })
    await world.becomes(`${ill}-0`, 'RUNNING')
    await othersAreWell()
    expect(world.states(ill)).toEqual([])
    expect(await world.host.stopTasks([{ connector: ill, task: 0 }], 1000)).toEqual([])
    const cell = world.host.cells().find(({ name }) => name.includes(ill))!
    expect(await world.host.stopConnector(ill, 300)).toBe(false)
    await eventually('its cell is gone', () => !isAlive(cell.pid))
    await world.start(ill, {})
    await world.becomes(ill, 'RUNNING')
  })

  test('one that blocks in taskSettings fails that question alone', async () => {
    await world.start(ill, { sick: 'block-task-settings' })
    await world.becomes(ill, 'RUNNING')
    await expect(world.host.taskConfigs(ill, 1)).rejects.toMatchObject({ code: 'CELL_TIMEOUT' })
    await othersAreWell()
  })

  test('one that blocks in stop is left behind', async () => {
    await world.start(ill, { sick: 'block-stop' })
    await world.becomes(ill, 'RUNNING')
    expect(await world.host.stopConnector(ill, 300)).toBe(false)
    expect(world.host.connectors).toEqual([well])
    await othersAreWell()
  })

  test.each<[Sickness, string, number]>([
    ['block-task-start', 'sick-source', 1],
    ['block-poll', 'sick-source', 1],
    ['block-task-stop', 'sick-source', 1],
    ['block-task-start', 'sick-sink', 1],
    ['block-put', 'sick-sink', 1],
    ['block-task-stop', 'sick-sink', 1],
  ])('a task that blocks (%s, %s) is cancelled when it is to stop, and its process ended', async (sick, kind) => {
    await world.start(ill, {
      sick,
      'connector.class': kind,
      ...(kind === 'sick-sink' ? { topics: `${well}.topic` } : {}),
    })
    await world.becomes(ill, 'RUNNING')
    if (sick === 'block-task-start') await eventually('its start is called', () => world.beats(ill).length > 0)
    else await world.becomes(`${ill}-0`, 'RUNNING')
    await othersAreWell()
    const { pid } = world.host.cells().find(({ name }) => name.includes(ill))!
    await world.host.stopConnector(ill, 1000)
    expect(await world.host.stopTasks([{ connector: ill, task: 0 }], 500)).toEqual([{ connector: ill, task: 0 }])
    const told = world.states(`${ill}-0`).length
    await eventually('its cell is gone', () => !isAlive(pid))
    expect(world.states(`${ill}-0`)).toHaveLength(told)
    await othersAreWell()
  })

  test.each<[Sickness, RegExp]>([
    ['spin-poll', /event loop has stood still for \d+ s, inside of poll of task ill-\w+-0/],
    ['spin-later', /event loop has stood still for \d+ s/],
    ['exhaust-memory', /ran out of memory: its JavaScript heap may have 191 MiB\.\nIt was running poll/],
    ['exhaust-buffers', /it had \d+ MiB of memory, and may have 381 MiB/],
    ['exit', /exited with code 3[^]*ill-\w+: process\.exit\(3\) was called\n.*sick-connectors/],
    ['throw-in-timer', /ill-\w+: an error was not caught: thrown where nobody catches/],
    ['reject-unhandled', /ill-\w+: a promise that nobody waits for was rejected: rejected where nobody waits/],
    ['kill-itself', /was ended by SIGKILL, not by its supervisor/],
  ])('a task that does %s fails with the reason, and its cell is started again', async (sick, reason) => {
    await world.start(ill, { sick, 'after.ms': '300' })
    await world.becomes(`${ill}-0`, 'FAILED')
    expect(world.trace(`${ill}-0`)).toMatch(reason)
    expect(world.trace(ill)).toBe(world.trace(`${ill}-0`))
    await world.becomes(`${ill}-0`, 'RUNNING')
    expect(world.states(`${ill}-0`)).toEqual(['RUNNING', 'FAILED', 'RUNNING'])
    expect(world.states(ill)).toEqual(['RUNNING', 'FAILED', 'RUNNING'])
    await othersAreWell()
  })

  test.each<[Sickness, string]>([
    ['fail-poll', 'the source is [hidden]'],
    ['throw-in-timer', 'thrown where nobody [hidden]'],
    ['reject-unhandled', 'rejected where nobody [hidden]'],
  ])('a trace of %s does not hold values of config providers', async (sick, trace) => {
    const secret = { 'fail-poll': 'dry', 'throw-in-timer': 'catches', 'reject-unhandled': 'waits' }[sick as string]!
    process.env['SLUICE_SICK_SECRET'] = secret
    await world.start(ill, { sick, 'after.ms': '100', note: '${env:SLUICE_SICK_SECRET}' })
    await world.becomes(`${ill}-0`, 'FAILED')
    expect(world.trace(`${ill}-0`)).toContain(trace)
    expect(world.trace(`${ill}-0`)).not.toContain(secret)
  })

  test('a connector that spins in its start is found out, and its tasks with it', async () => {
    await world.start(ill, { sick: 'spin-start' })
    await world.becomes(ill, 'FAILED')
    expect(world.trace(ill)).toMatch(/stood still for \d+ s, inside of start of connector ill/)
    await othersAreWell()
  })

  test('one that dies again and again stays down with the reason, until somebody starts it by hand', async () => {
    await world.start(ill, { sick: 'exit', 'after.ms': '200' })
    const isDown = (): boolean => world.logger.lines.some(({ message }) => message.includes('stays down'))
    await eventually('it stays down', isDown, 25_000)
    expect(world.states(`${ill}-0`)).toEqual(['RUNNING', 'FAILED', 'RUNNING', 'FAILED', 'RUNNING', 'FAILED'])
    await expect(world.host.taskConfigs(ill, 1)).rejects.toMatchObject({ code: 'CELL_ENDED' })
    await world.host.stopTasks([{ connector: ill, task: 0 }], 500)
    await world.startTask({ connector: ill, task: 0 }, world.config(ill, {}))
    await world.becomes(`${ill}-0`, 'RUNNING')
    await othersAreWell()
  })

  test('a task that fails by itself stays failed alone: nobody is restarted for it', async () => {
    await world.start(ill, { sick: 'fail-poll', 'after.ms': '100' })
    await world.becomes(`${ill}-0`, 'FAILED')
    expect(world.trace(`${ill}-0`)).toBe('the source is dry')
    expect(world.states(ill)).toEqual(['RUNNING'])
    await othersAreWell()
  })
})
