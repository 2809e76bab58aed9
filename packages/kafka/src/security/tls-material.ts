import fs from 'node:fs/promises'
import type tls from 'node:tls'
import { type Logger, SluiceError, describeError } from '@sluice/sdk'
import type { SslConfig } from './security-config.ts'

/**
 * Keys and certificates as they are now. Looked at before each connection rather than watched: nobody is surprised by events of
 * a file system, and a mounted secret that is swapped as a whole is seen as well.
 */
export class TlsMaterial {
  readonly ssl: SslConfig
  readonly #logger: Logger
  readonly #files: readonly string[]
  #stamp = ''
  #context: tls.SecureContext | undefined
  #warnedAt = ''

  constructor(ssl: SslConfig, logger: Logger) {
    this.ssl = ssl
    this.#logger = logger
    const cas = typeof ssl.ca === 'string' ? [ssl.ca] : (ssl.ca ?? [])
    const mayBeFiles = [...cas, ssl.cert, ssl.key].filter((one) => one !== undefined && !isPem(one)) as string[]
    this.#files = ssl.pfx === undefined ? mayBeFiles : [...mayBeFiles, ssl.pfx]
  }

  /** Whether this client can show who it is. */
  get hasCertificate(): boolean {
    return this.ssl.cert !== undefined || this.ssl.pfx !== undefined
  }

  /** @throws SluiceError SETTINGS_INVALID when there never was anything usable */
  async current(): Promise<tls.SecureContext> {
    let stamp = 'unreadable'
    try {
      stamp = await this.#stampNow()
      if (this.#context === undefined || stamp !== this.#stamp) {
        this.#context = await this.#load()
        if (this.#stamp !== '' && stamp !== '') this.#logger.info('TLS files have changed and are used from now on')
        this.#stamp = stamp
        this.#warnedAt = ''
      }
    } catch (cause) {
      if (this.#context === undefined) throw unusable(cause)
      this.#warnOnce(stamp, cause)
    }
    return this.#context
  }

  async #stampNow(): Promise<string> {
    const stats = await Promise.all(this.#files.map((file) => fs.stat(file)))
    return stats.map(({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`).join()
  }

  async #load(): Promise<tls.SecureContext> {
    const { ca, cert, key, pfx, passphrase } = this.ssl
    const cas = typeof ca === 'string' ? [ca] : ca
    return process.getBuiltinModule('node:tls').createSecureContext({
      minVersion: 'TLSv1.2',
      ...(cas === undefined ? {} : { ca: await Promise.all(cas.map(pemOf)) }),
      ...(cert === undefined ? {} : { cert: await pemOf(cert) }),
      ...(key === undefined ? {} : { key: await pemOf(key) }),
      ...(pfx === undefined ? {} : { pfx: await fs.readFile(pfx) }),
      ...(passphrase === undefined ? {} : { passphrase }),
    })
  }

  /** Certificate and key are two files, and for a moment only one of them may be the new one: the next connection looks again. */
  #warnOnce(stamp: string, cause: unknown): void {
    if (stamp === this.#warnedAt) return
    this.#warnedAt = stamp
    const error = describeError(cause)
    this.#logger.warn('TLS files have changed but cannot be used; the former ones stay in force', { error })
  }
}

async function pemOf(textOrFile: string): Promise<string> {
  return isPem(textOrFile) ? textOrFile : fs.readFile(textOrFile, 'utf8')
}

function isPem(text: string): boolean {
  return text.includes('-----BEGIN ')
}

function unusable(cause: unknown): SluiceError {
  return new SluiceError('SETTINGS_INVALID', 'The TLS files or texts under ssl cannot be used', {
    cause,
    remedy:
      'Give PEM text or paths of readable PEM files; key and certificate must belong together, passphrase must fit.',
  })
}
