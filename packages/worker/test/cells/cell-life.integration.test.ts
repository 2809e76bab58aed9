/** What cells do besides being ill: company, order, and their supervisor's end. */
import { afterEach, expect, test } from '@jest/globals'
import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RawSettings } from '@sluice/sdk'
import { eventually } from '../support/eventually.ts'
import { address, onBroker, TestCluster } from '../support/test-cluster.ts'
import { CellWorld, isAlive, realEnvironment } from './cell-world.ts'

onBroker('a shared cell', () => {
  let world: CellWorld
  afterEach(() => world.close())

  test('holds many connectors; the one that holds the event loop is found, and gets a cell of its own', async () => {
    const id = randomUUID().slice(0, 8)
    world = new CellWorld({ ...realEnvironment(address, id), isolation: 'shared' })
    await world.healthy(`b-${id}`)
    await world.healthy(`c-${id}`)
    await world.start(`a-${id}`, { sick: 'spin-poll', 'after.ms': '300' })
    await world.becomes(`a-${id}-0`, 'RUNNING')
    expect(world.host.cells()).toHaveLength(1)
    await world.becomes(`a-${id}-0`, 'FAILED')
    expect(world.trace(`b-${id}-0`)).toMatch(new RegExp(`inside of poll of task a-${id}-0`))
    await world.becomes(`b-${id}-0`, 'RUNNING')
    await world.becomes(`a-${id}-0`, 'RUNNING')
    expect(world.host.cells().map(({ name }) => name)).toEqual(['shared cell 1', `connector a-${id}`])
    // It falls ill once more, alone.
    await world.becomes(`a-${id}-0`, 'FAILED')
    expect(world.states(`b-${id}-0`)).toEqual(['RUNNING', 'FAILED', 'RUNNING'])
    expect(world.states(`c-${id}-0`)).toEqual(['RUNNING', 'FAILED', 'RUNNING'])
  })

  test('that dies twice of something unknown is parted: each connector gets a cell of its own', async () => {
    const id = randomUUID().slice(0, 8)
    world = new CellWorld({ ...realEnvironment(address, id), isolation: 'shared' })
    await world.healthy(`b-${id}`)
    await world.start(`a-${id}`, { sick: 'spin-later', 'after.ms': '300' })
    await eventually(
      'each has its own',
      () =>
        world.host
          .cells()
          .map(({ name }) => name)
          .toSorted()
          .join() === `connector a-${id},connector b-${id}`,
      30_000,
    )
    await world.becomes(`b-${id}-0`, 'RUNNING')
    const told = world.states(`b-${id}-0`).length
    await eventually(
      'it falls ill alone',
      () => world.states(`a-${id}-0`).filter((state) => state === 'FAILED').length === 3,
    )
    expect(world.states(`b-${id}-0`)).toHaveLength(told)
  })
})

onBroker('a cell', () => {
  let world: CellWorld
  const id = randomUUID().slice(0, 8)
  afterEach(() => world.close())

  test('pauses and goes on, says how far it is, measures, and logs with its connector in front', async () => {
    world = new CellWorld(realEnvironment(address, id))
    const name = `paused-${id}`
    await world.start(name, { 'poll.ms': '5' }, 'PAUSED')
    await world.becomes(name, 'PAUSED')
    await world.becomes(`${name}-0`, 'PAUSED')
    await world.host.setTargetState(name, 'STARTED')
    await world.becomes(name, 'RUNNING')
    await world.becomes(`${name}-0`, 'RUNNING')
    await eventually('records are sent', async () => {
      const [task] = await world.host.progress(name)
      return ((task?.progress ?? { produced: 0 }) as { produced: number }).produced > 3
    })
    await world.host.setTargetState(name, 'PAUSED')
    await world.becomes(`${name}-0`, 'PAUSED')
    const { samples, figures } = await world.host.metrics()
    expect(samples.find(({ labels }) => labels['connector'] === name)?.value).toBeGreaterThan(0)
    expect(figures.map(({ group }) => group)).toContain('source-task-metrics')
    await eventually('it gave signs of life', () => world.host.lastSignOfLife({ connector: name, task: 0 }) !== null)
    await eventually('its log is here, with its name', () =>
      world.logger.lines.some(({ message, fields }) => message === 'It begins' && fields['connector'] === name),
    )
    await world.host.setTargetState(name, 'STOPPED')
    await world.becomes(name, 'STOPPED')
    expect(world.states(name)).toEqual(['PAUSED', 'RUNNING', 'PAUSED', 'STOPPED'])
  })

  test('stops in order: tasks store what they have sent, nothing is told after, and no process is left', async () => {
    world = new CellWorld(realEnvironment(address, id))
    const name = `orderly-${id}`
    await world.start(name, { 'poll.ms': '5' })
    await world.becomes(`${name}-0`, 'RUNNING')
    const [{ pid } = { pid: 0 }] = world.host.cells()
    expect(await world.host.stopTasks([{ connector: name, task: 0 }], 2000)).toEqual([])
    expect(world.states(`${name}-0`)).toEqual(['RUNNING', 'UNASSIGNED'])
    expect(await world.host.stopConnector(name, 2000)).toBe(true)
    expect(world.states(name)).toEqual(['RUNNING', 'UNASSIGNED'])
    expect([world.host.connectors, world.host.tasks]).toEqual([[], []])
    await world.host.stop(2000)
    expect(isAlive(pid)).toBe(false)
    const cluster = await TestCluster.open()
    expect(await cluster.count(`${id}.positions`)).toBeGreaterThan(0)
    await cluster.close()
  })

  test('that does not stop in order is killed when the time is over', async () => {
    world = new CellWorld(realEnvironment(address, id))
    const name = `stubborn-${id}`
    await world.start(name, { sick: 'spin-poll', 'after.ms': '100' })
    await world.becomes(`${name}-0`, 'RUNNING')
    const [{ pid } = { pid: 0 }] = world.host.cells()
    const since = performance.now()
    await world.host.stop(700)
    expect(performance.now() - since).toBeLessThan(2500)
    expect(isAlive(pid)).toBe(false)
  })
})

onBroker('a cell whose supervisor', () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-orphans-'))
  let supervisor: ChildProcess
  afterEach(() => {
    supervisor.kill('SIGCONT')
    supervisor.kill('SIGKILL')
  })

  async function startSupervisor(silenceMs: number): Promise<readonly { pid: number; name: string }[]> {
    const name = randomUUID().slice(0, 8)
    const config = (what: string, more: RawSettings): RawSettings => ({
      name: `${what}-${name}`,
      'connector.class': 'sick-source',
      topic: `${name}.topic`,
      pulse: path.join(dir, what),
      ...more,
    })
    const connectors = [config('well', {}), config('spinning', { sick: 'spin-poll' })]
    supervisor = spawn(
      process.execPath,
      ['--conditions=@sluice/source', fileURLToPath(new URL('supervisor-to-kill.ts', import.meta.url))],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, CONNECTORS: JSON.stringify(connectors), BROKER: address, SILENCE_MS: String(silenceMs) },
      },
    )
    const [said] = (await once(supervisor.stdout!, 'data')) as [Buffer]
    for (const what of ['well', 'spinning'])
      await eventually(`${what} works`, () => fs.existsSync(path.join(dir, what)))
    return JSON.parse(said.toString()) as readonly { pid: number; name: string }[]
  }

  test('is killed ends with it, even one that holds its event loop', async () => {
    const cells = await startSupervisor(60_000)
    expect(cells.map(({ pid }) => isAlive(pid))).toEqual([true, true])
    supervisor.kill('SIGKILL')
    await eventually('no cell is left', () => cells.every(({ pid }) => !isAlive(pid)), 3000)
  })

  test('is frozen ends before others may have its work', async () => {
    const cells = await startSupervisor(1500)
    const well = cells.find(({ name }) => name.includes('well'))!
    supervisor.kill('SIGSTOP')
    await eventually('the cell is gone', () => !isAlive(well.pid), 5000)
  })
})
