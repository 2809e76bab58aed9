/** Who clients are (TLS, SASL), what they may do (ACLs), and how fast (quotas). */
export type { Login } from './login.ts'
export { type Admission, type Doorkeeper, Security } from './security.ts'
export type { ListenerOptions, SaslMechanism, SaslOptions, SecurityProtocol, TlsOptions } from './security-options.ts'
