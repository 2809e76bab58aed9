/** The meter beside what the processes say of themselves (getrusage), whatever else the machine does. */
import { type ChildProcess, spawn } from 'node:child_process'
import fs from 'node:fs'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, test } from '@jest/globals'
import { CpuMeter } from '../bench/cpu-meter.ts'

/**
 * Burns 25 ms at each word: itself, in a thread that stays, in one that ends, or in a process of its own; then says how much it has used by
 * now, and those that it had started and that have ended.
 */
const BURNER = `
const { Worker, isMainThread } = require('node:worker_threads')
const { spawn } = require('node:child_process')
const burn = \`const used = () => { const { user, system } = process.cpuUsage(); return user + system }
const from = used(); while (used() - from < 25_000) Math.sqrt(2)\`
const stays = new Worker('const { parentPort } = require("node:worker_threads"); parentPort.on("message", () => { ' + burn + '; parentPort.postMessage(0) })', { eval: true })
let ended = 0
const ways = {
  itself: () => eval('{' + burn + '}'),
  stays: () => new Promise((done) => { stays.once('message', done); stays.postMessage(0) }),
  ends: () => new Promise((done) => new Worker(burn, { eval: true }).once('exit', done)),
  process: () => new Promise((done) => {
    const child = spawn(process.execPath, ['-e', burn + '; process.stdout.write(String(used()))'])
    child.stdout.on('data', (text) => { ended += Number(text) })
    child.once('close', done)
  }),
}
require('node:readline').createInterface({ input: process.stdin }).on('line', async (way) => {
  await ways[way]()
  const { user, system } = process.cpuUsage()
  console.log(user + system + ended)
})
`
const TELLS_NANOSECONDS = fs.existsSync('/proc/self/task') && fs.existsSync('/proc/self/schedstat')
const onLinux = TELLS_NANOSECONDS ? test : test.skip

const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** What the meter says was used at each word, and what the burner says, in ms. */
async function measured(ways: readonly string[]): Promise<readonly { readonly meter: number; readonly own: number }[]> {
  const child = spawn(process.execPath, ['-e', BURNER], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const meter = new CpuMeter(child.pid!)
  const all: { meter: number; own: number }[] = []
  for (const way of ways) {
    child.stdin.write(`${way}\n`)
    const own = Number((await lines.next()).value) / 1000
    all.push({ meter: meter.seconds() * 1000, own })
  }
  return all.slice(1).map((now, at) => ({ meter: now.meter - all[at]!.meter, own: now.own - all[at]!.own }))
}

describe('a meter of CPU', () => {
  onLinux('tells what threads have used that go on living, finer than in steps of 10 ms', async () => {
    const each = await measured([
      'itself',
      'stays',
      ...Array.from({ length: 10 }, (_, i) => (i % 2 ? 'itself' : 'stays')),
    ])
    for (const { meter, own } of each.slice(1)) expect(Math.abs(meter - own)).toBeLessThan(4)
  })

  onLinux('leaves out no thread and no process that has ended between two looks', async () => {
    for (const way of ['ends', 'process']) {
      const each = await measured(['itself', ...Array.from({ length: 6 }, () => way)])
      const sum = (of: 'meter' | 'own'): number => each.reduce((all, one) => all + one[of], 0)
      expect(sum('own')).toBeGreaterThan(150)
      expect(Math.abs(sum('meter') - sum('own'))).toBeLessThan(50)
    }
  })
})
