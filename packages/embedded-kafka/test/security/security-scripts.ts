import { ACCESS_SCRIPTS } from './access-scripts.ts'
import { ACL_SCRIPTS } from './acl-scripts.ts'
import { CREDENTIAL_SCRIPTS } from './credential-scripts.ts'
import { SASL_SCRIPTS } from './sasl-scripts.ts'
import { type Guarded, SecurityScribe } from './security-scribe.ts'

const SCRIPTS = { ...SASL_SCRIPTS, ...ACL_SCRIPTS, ...CREDENTIAL_SCRIPTS, ...ACCESS_SCRIPTS }
export const SECURITY_SCRIPTS: readonly string[] = Object.keys(SCRIPTS)

/** `connections.max.reauth.ms` of the broker that the scripts run against. */
export const SESSION_MS = 3000

export async function runSecurityScript(broker: Guarded, title: string, suffix: string): Promise<string[]> {
  await using scribe = await SecurityScribe.open(broker, suffix)
  await SCRIPTS[title]!(scribe)
  return scribe.transcript
}
