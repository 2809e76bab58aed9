/** The settings that are about security, in Kafka's words. */

export type SecurityProtocol = 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'

export interface SecurityConfig {
  /** `security.protocol`. Default: what `ssl` and `sasl` ask for. */
  readonly securityProtocol?: SecurityProtocol
  /** TLS to the brokers. `true`: with the authorities that Node trusts. */
  readonly ssl?: boolean | SslConfig
  /** Who this client is. */
  readonly sasl?: SaslConfig
}

/**
 * Keys and certificates: each as PEM text or as the path of a file. Files that have changed are read again at the next
 * connection, so certificates can be renewed while the client runs; a file that cannot be used leaves the former one in force.
 */
export interface SslConfig {
  /** Authorities that may sign a broker's certificate (`ssl.truststore`). Default: those that Node trusts. */
  readonly ca?: string | readonly string[]
  /** This client's certificate, followed by the chain to its authority (`ssl.keystore.certificate.chain`). */
  readonly cert?: string
  /** The key of that certificate (`ssl.keystore.key`). */
  readonly key?: string
  /** Path of a PKCS #12 file with key and certificate, instead of `cert` and `key` (`ssl.keystore.location`). */
  readonly pfx?: string
  /** Opens `key` or `pfx` (`ssl.key.password`). */
  readonly passphrase?: string
  /** The name that a broker's certificate must have. Default: the host that is dialled. */
  readonly serverName?: string
  /** `ssl.endpoint.identification.algorithm`: whether the name in a certificate is checked. Default true. */
  readonly endpointIdentification?: boolean
  /** Whether the certificate of a broker is checked at all. Default true; false only for trials. */
  readonly rejectUnauthorized?: boolean
}

export type SaslConfig = PlainConfig | ScramConfig | OAuthBearerConfig | CustomMechanism

/** A secret, or where to get it: asked for at each authentication, so that it can change while the client runs. */
export type Secret = string | (() => string | Promise<string>)

export interface PlainConfig {
  readonly mechanism: 'PLAIN'
  readonly username: string
  readonly password: Secret
}

export interface ScramConfig {
  readonly mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
  readonly username: string
  readonly password: Secret
  /** `tokenauth`: user name and password are the id and the HMAC of a delegation token (KIP-48). */
  readonly isDelegationToken?: boolean
}

export interface OAuthBearerConfig {
  readonly mechanism: 'OAUTHBEARER'
  /** As in kafkajs. Asked again when four fifths of a token's life are over; at each authentication if its end is not said. */
  readonly oauthBearerProvider: () => Promise<OAuthToken>
}

export interface OAuthToken {
  readonly value: string
  /** When the token ends: milliseconds since the epoch. */
  readonly lifetimeMs?: number
  /** Who it is for, for logs. The broker reads it from the token. */
  readonly principal?: string
  /** SASL extensions (KIP-342). */
  readonly extensions?: Readonly<Record<string, string>>
}

/** Any other mechanism, as kafkajs 2 has it, so that what was written for it works here. */
export interface CustomMechanism {
  readonly mechanism: string
  readonly authenticationProvider: (args: AuthenticationProviderArgs) => { authenticate(): Promise<void> }
}

export interface AuthenticationProviderArgs {
  readonly host: string
  readonly port: number
  readonly logger: KafkajsLogger
  /**
   * One exchange with the broker. What `request.encode` gives and `response.decode` gets starts with its length in four bytes.
   * Resolves to what `parse` returns, to nothing without `response`.
   */
  readonly saslAuthenticate: <Parsed>(exchange: {
    readonly request: { encode(): Buffer | Promise<Buffer> }
    readonly response?: {
      decode(raw: Buffer): unknown
      parse(decoded: never): Parsed | Promise<Parsed>
    }
  }) => Promise<Parsed | void>
}

export interface KafkajsLogger {
  info(message: string, extra?: object): void
  error(message: string, extra?: object): void
  warn(message: string, extra?: object): void
  debug(message: string, extra?: object): void
  namespace(name: string): KafkajsLogger
  setLogLevel(level: number): void
}
