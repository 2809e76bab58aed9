import fs from 'node:fs/promises'
import { SluiceError, type RawSettings } from '@sluice/sdk'
import type { TargetState } from '../herder/herder.ts'
import { parseProperties } from '../properties.ts'
import { parseCreateRequest, parseFlatMap, withoutNulls } from '../rest/request-bodies.ts'

/** A connector that a standalone worker makes when it starts. */
export interface GivenConnector {
  /** With its `name`. */
  readonly config: RawSettings
  /** What it is to do at first. Default: run. */
  readonly targetState?: TargetState
  /** The file that it comes from, for messages. */
  readonly file?: string
}

/**
 * Reads a connector's file: properties, a JSON object of settings, or the JSON that REST takes to create a connector, with `name`, `config`
 * and `initial_state` (KIP-980).
 * @throws SluiceError SETTINGS_INVALID
 */
export async function readConnectorFile(file: string): Promise<GivenConnector> {
  let bytes: Buffer
  try {
    bytes = await fs.readFile(file)
  } catch (cause) {
    throw invalid(`Cannot read the file: ${(cause as Error).message}`, cause)
  }
  const text = bytes.toString('utf8')
  const given = /^\s*\{/.test(text) ? fromJson(bytes) : { config: parseProperties(text) }
  if (given.config['name'] !== undefined) return { ...given, file }
  throw invalid(`Connector configuration at '${file}' is missing the mandatory 'name' configuration`)
}

function fromJson(bytes: Uint8Array): GivenConnector {
  try {
    return { config: withoutNulls(parseFlatMap(bytes)) }
  } catch (notFlat) {
    // What has a config of its own was meant as a request, and is told what is wrong with it as one.
    return fromRequest(bytes, /"config"\s*:\s*\{/.test(Buffer.from(bytes).toString('utf8')) ? null : notFlat)
  }
}

function fromRequest(bytes: Uint8Array, otherwise: unknown): GivenConnector {
  try {
    const { name, config: settings, targetState } = parseCreateRequest(bytes)
    const config = withoutNulls(settings)
    if (config['name'] !== undefined && config['name'] !== name)
      throw invalid("Connector name configuration in 'config' doesn't match the one specified in 'name'")
    const named = name === '' ? config : { ...config, name }
    return { config: named, ...(targetState === undefined ? {} : { targetState }) }
  } catch (error) {
    if (error instanceof SluiceError) throw error
    const cause = otherwise ?? error
    // Where Jackson has the source of the text there is nothing to see.
    throw invalid(`It is no JSON of a connector: ${(cause as Error).message.replace(/Source: [^;]*; /, '')}`, cause)
  }
}

function invalid(what: string, cause?: unknown): SluiceError {
  return new SluiceError('SETTINGS_INVALID', what, { cause })
}
