/** Options of every command that asks a Connect worker, and the client that they make. */
import { SluiceError } from '@sluice/sdk'
import type { ConnectClient } from '@sluice/worker/client'
import { contextOption } from '../command-line/context-option.ts'
import type { Options, Terminal, Values } from '../command-line/declaration.ts'
import { ProgressLine } from './progress-line.ts'

export const connectOptions = {
  context: contextOption,
  server: {
    type: 'text',
    short: 's',
    value: 'URL',
    env: 'SLUICE_CONNECT',
    isInContext: true,
    default: 'http://localhost:8083',
    documentation: 'Address of any worker of the cluster',
  },
  user: {
    type: 'text',
    value: 'NAME',
    env: 'SLUICE_CONNECT_USER',
    isInContext: true,
    documentation: 'User of Basic auth',
  },
  password: {
    type: 'text',
    value: 'PASSWORD',
    env: 'SLUICE_CONNECT_PASSWORD',
    isInContext: true,
    documentation: 'Its password; in the environment nobody else on the machine can see it',
  },
  cacert: {
    type: 'text',
    value: 'FILE',
    env: 'SLUICE_CONNECT_CACERT',
    isInContext: true,
    completes: 'file',
    documentation: 'PEM file of the authority that signed the worker’s certificate',
  },
  timeout: {
    type: 'duration',
    value: 'TIME',
    default: '60s',
    documentation:
      'How long a request may take with its repetitions while the group rebalances, and how long --wait waits',
  },
  quiet: { type: 'flag', short: 'q', documentation: 'Only results and errors, no progress' },
} as const satisfies Options

export type ConnectValues = Values<typeof connectOptions>

/** @throws SluiceError SETTINGS_INVALID for a server or a certificate that cannot be used */
export async function openClient(values: ConnectValues, terminal: Terminal): Promise<ConnectClient> {
  const [{ ConnectClient }, fs] = await Promise.all([import('@sluice/worker/client'), import('node:fs/promises')])
  let ca: string | undefined
  try {
    ca = values.cacert === undefined ? undefined : await fs.readFile(values.cacert, 'utf8')
  } catch (cause) {
    throw new SluiceError('USAGE_INVALID', `--cacert is '${values.cacert}', which cannot be read`, {
      cause,
      remedy: 'Give the path of a PEM file.',
    })
  }
  const line = new ProgressLine(terminal, values.quiet)
  return new ConnectClient({
    ...(line.isShown && { onWaiting: (what: string | null) => (what === null ? line.clear() : line.show(what)) }),
    server: values.server,
    timeoutMs: values.timeout,
    clock: terminal.clock,
    ...(values.user === undefined ? {} : { user: values.user, password: values.password ?? '' }),
    ...(ca === undefined ? {} : { ca }),
  })
}
