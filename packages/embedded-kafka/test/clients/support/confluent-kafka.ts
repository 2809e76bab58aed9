import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'

const PACKAGE = 'confluent-kafka==2.16.1'
const INSTALL_TIMEOUT_MS = 120_000

const cache = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache')
const folder = path.join(cache, 'sluice-ci', 'confluent-kafka')
const python = path.join(folder, 'bin', 'python')

/** A Python that has confluent-kafka, installed once per machine; null where that cannot be had. */
export const confluentPython: string | null = installed() ? python : null
// Not the console's: Jest keeps that to itself when all tests of a file are skipped.
if (confluentPython === null) process.stderr.write(`There is no Python with ${PACKAGE}: nothing is tried with it\n`)

function installed(): boolean {
  const works = (command: string, ...args: string[]): boolean =>
    spawnSync(command, args, { stdio: 'ignore', timeout: INSTALL_TIMEOUT_MS }).status === 0
  if (existsSync(python) && works(python, '-c', 'import confluent_kafka')) return true
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', PACKAGE]
  if (works('python3', '-m', 'venv', folder) && works(python, ...pip)) return true
  rmSync(folder, { recursive: true, force: true }) // half an installation would be taken for a whole one
  return false
}
