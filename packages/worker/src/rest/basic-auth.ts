/** `BasicAuthSecurityRestExtension` (KIP-285): names and passwords from a properties file, as PropertyFileLoginModule has them. */
import { createHash, timingSafeEqual } from 'node:crypto'
import fs from 'node:fs'
import { SluiceError } from '@sluice/sdk'
import { parseProperties } from '../properties.ts'

/** Between workers requests are signed instead. */
const INTERNAL = [/^POST \/?connectors\/[^/]+\/tasks\/?$/, /^PUT \/?connectors\/[^/]+\/fence\/?$/]
/** Whoever asks these has no name, and they tell nothing. */
const PROBES = new Set(['GET /health/live', 'GET /health/ready', 'HEAD /health/live', 'HEAD /health/ready'])

export class BasicAuth {
  readonly #file: string
  #stamp = ''
  #passwords: ReadonlyMap<string, Buffer>

  /** @throws SluiceError SETTINGS_INVALID when the file cannot be read or names nobody */
  constructor(file: string) {
    this.#file = file
    this.#passwords = new Map()
    this.#refresh(true)
  }

  /** @param authorization the header's value */
  isAllowed(method: string, path: string, authorization: string | undefined): boolean {
    const request = `${method} ${path}`
    if (PROBES.has(request) || INTERNAL.some((pattern) => pattern.test(request))) return true
    const [, encoded] = /^basic\s+(\S+)$/i.exec(authorization ?? '') ?? []
    if (encoded === undefined) return false
    const credentials = Buffer.from(encoded, 'base64').toString()
    const colon = credentials.indexOf(':')
    if (colon === -1) return false
    this.#refresh(false)
    const expected = this.#passwords.get(credentials.slice(0, colon))
    return expected !== undefined && timingSafeEqual(expected, digest(credentials.slice(colon + 1)))
  }

  /** A file that has become unusable leaves the former users. */
  #refresh(isFirst: boolean): void {
    try {
      const { mtimeMs, size, ino } = fs.statSync(this.#file)
      const stamp = `${mtimeMs} ${size} ${ino}`
      if (stamp === this.#stamp) return
      this.#stamp = stamp
      const users = Object.entries(parseProperties(fs.readFileSync(this.#file, 'utf8')))
      if (users.length === 0) throw new Error('it names nobody, and would let everybody in')
      this.#passwords = new Map(users.map(([name, password]) => [name, digest(password)]))
    } catch (cause) {
      if (!isFirst) return
      throw new SluiceError('SETTINGS_INVALID', `The credentials file ${this.#file} cannot be used`, {
        cause,
        remedy: 'Give a properties file with a line name=password for each user.',
      })
    }
  }
}

/**
 * Where the users are: the setting, or else the JAAS file that Java would have been started with.
 * @throws SluiceError SETTINGS_INVALID when neither says so
 */
export function credentialsFile(setting: string | null, kafkaOpts: string | undefined): string {
  if (setting !== null) return setting
  const [, jaasFile] = /-Djava\.security\.auth\.login\.config=(\S+)/.exec(kafkaOpts ?? '') ?? []
  if (jaasFile !== undefined) {
    const entry = /\bKafkaConnect\s*\{([^}]*)\}/.exec(readText(jaasFile))?.[1] ?? ''
    const [, file] = /PropertyFileLoginModule\b[^;]*\bfile\s*=\s*"([^"]*)"/.exec(entry) ?? []
    if (file !== undefined) return file
  }
  const where = jaasFile === undefined ? 'nothing says who they are' : `${jaasFile} does not say who they are`
  throw new SluiceError('SETTINGS_INVALID', `BasicAuthSecurityRestExtension needs users, and ${where}`, {
    remedy:
      'Set rest.basic.auth.credentials.file, or name a PropertyFileLoginModule with its file in the entry KafkaConnect of the JAAS file.',
  })
}

function readText(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch (cause) {
    throw new SluiceError('SETTINGS_INVALID', `Cannot read the JAAS file ${file}`, {
      cause,
      remedy: 'Give the path of a readable file in KAFKA_OPTS, or set rest.basic.auth.credentials.file.',
    })
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
