/** How clients connect to the broker, and what they may do there. */

export type SecurityProtocol = 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'
export type SaslMechanism = 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'

/** The listener of every node. What is given decides `security.protocol`: nothing, TLS, SASL, or SASL in TLS. */
export interface ListenerOptions {
  readonly tls?: TlsOptions
  readonly sasl?: SaslOptions
}

/** Certificates and keys as PEM text. */
export interface TlsOptions {
  /** The broker's certificate, followed by the chain to its authority. */
  readonly cert: string
  readonly key: string
  /** Opens `key`. */
  readonly passphrase?: string
  /** Authorities that may sign clients' certificates. Default: those that Node trusts. */
  readonly ca?: string | readonly string[]
  /**
   * `ssl.client.auth`: whether clients are asked for a certificate. One that is shown has to be good, and its subject is the client's
   * principal (`User:CN=alice`) unless SASL says who it is. Default `none`.
   */
  readonly clientAuth?: 'none' | 'requested' | 'required'
}

export interface SaslOptions {
  /** `sasl.enabled.mechanisms`. Default: all of them. */
  readonly mechanisms?: readonly SaslMechanism[]
  /**
   * Passwords by user, good for every mechanism. Users who log in by SCRAM can also be made while the broker runs
   * (`kafka-configs --alter --add-config 'SCRAM-SHA-256=[password=…]'`); those come first, and are kept in the data directory.
   */
  readonly users?: Readonly<Record<string, string>>
}

export function securityProtocolOf({ tls, sasl }: ListenerOptions): SecurityProtocol {
  if (sasl === undefined) return tls === undefined ? 'PLAINTEXT' : 'SSL'
  return tls === undefined ? 'SASL_PLAINTEXT' : 'SASL_SSL'
}
