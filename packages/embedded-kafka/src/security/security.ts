import type { Socket } from 'node:net'
import type tls from 'node:tls'
import type { ApiHandler } from '../api/handler.ts'
import type { Access, BrokerSettings } from '../broker.ts'
import type { BrokerClock } from '../clock.ts'
import type { EmulatedRelease } from '../options.ts'
import { openStateFile } from '../settings/state-file.ts'
import { Acls } from './acls.ts'
import { aclApis } from './apis/acls.ts'
import { quotaApis } from './apis/client-quotas.ts'
import { saslAuthenticate, saslHandshake } from './apis/sasl.ts'
import { scramApis } from './apis/scram-credentials.ts'
import { Authorizer } from './authorizer.ts'
import type { Login } from './login.ts'
import { Logins } from './logins.ts'
import { openAccess, supportedOperations } from './open-access.ts'
import { ClientQuotas } from './quotas.ts'
import { ScramUsers } from './scram-users.ts'
import { type ListenerOptions, type SecurityProtocol, securityProtocolOf } from './security-options.ts'
import { ANONYMOUS, certificateFault, certificatePrincipal, tlsServerOptions } from './tls.ts'

/** Only its owner reads what credentials are kept in. */
const PRIVATE = 0o600

/** Who a client is on a connection that was just made. */
export interface Admission {
  /** For as long as no login says otherwise. */
  readonly principal: string
  /** Null where SASL is not spoken. */
  readonly login: Login | null
}

/** What the server asks about connections. */
export interface Doorkeeper {
  /** What its sockets speak TLS with; null: they do not. */
  readonly tls: tls.TlsOptions | null
  /** Who connects, or (as text) why it may not. */
  admit(socket: Socket): Admission | string
}

/** Who clients are, what they may do, and how fast. */
export class Security implements Doorkeeper {
  readonly protocol: SecurityProtocol
  readonly access: Access
  readonly quotas: ClientQuotas
  readonly tls: tls.TlsOptions | null
  readonly #logins: Logins | null
  readonly #users: ScramUsers
  readonly #acls: Acls | null

  /** @throws BrokerStartError for a listener that cannot be */
  constructor(
    listener: ListenerOptions,
    release: EmulatedRelease,
    dataDir: string | undefined,
    settings: BrokerSettings,
    clock: BrokerClock,
  ) {
    this.protocol = securityProtocolOf(listener)
    this.tls = listener.tls === undefined ? null : tlsServerOptions(listener.tls)
    this.#users = new ScramUsers(openStateFile(dataDir, 'scram-credentials', PRIVATE))
    const sessionMs = (): number => settings.number('connections.max.reauth.ms')
    this.#logins = listener.sasl === undefined ? null : new Logins(listener.sasl, this.#users, clock, sessionMs)
    const supported = supportedOperations(release)
    const isGuarded = settings.text('authorizer.class.name') !== ''
    this.#acls = isGuarded ? new Acls(openStateFile(dataDir, 'acls')) : null
    this.access =
      this.#acls === null
        ? openAccess(supported)
        : new Authorizer(this.#acls, {
            superUsers: new Set(
              settings
                .text('super.users')
                .split(';')
                .map((name) => name.trim()),
            ),
            supported,
            isOpenWithoutAcl: settings.boolean('allow.everyone.if.no.acl.found'),
          })
    const window = {
      samples: settings.number('quota.window.num'),
      sampleMs: settings.number('quota.window.size.seconds') * 1000,
    }
    this.quotas = new ClientQuotas(clock, window, openStateFile(dataDir, 'quotas'))
  }

  get apis(): readonly ApiHandler[] {
    return [
      saslHandshake(this.#logins?.mechanisms ?? []),
      saslAuthenticate,
      ...scramApis(this.#users),
      ...aclApis(this.#acls),
      ...quotaApis(this.quotas),
    ]
  }

  admit(socket: Socket): Admission | string {
    const login = this.#logins?.begin() ?? null
    if (!(socket instanceof process.getBuiltinModule('node:tls').TLSSocket)) return { principal: ANONYMOUS, login }
    return certificateFault(socket) ?? { principal: certificatePrincipal(socket), login }
  }
}
