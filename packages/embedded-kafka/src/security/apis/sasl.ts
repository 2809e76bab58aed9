import { kafkaErrorCode } from '@sluice/kafka-protocol'
import { ApiError, handler } from '../../api/handler.ts'

const SASL_AUTHENTICATION_FAILED = kafkaErrorCode('SASL_AUTHENTICATION_FAILED')

/** Chooses the mechanism (KIP-43); from version 1 on SaslAuthenticate carries its bytes. */
export function saslHandshake(mechanisms: readonly string[]) {
  return handler({
    api: 'SaslHandshake',
    versions: [0, 1],
    handle({ body, version, client }) {
      if (client.login === null) throw new ApiError('ILLEGAL_SASL_STATE')
      client.login.handshake(body.mechanism, version === 0)
      return { errorCode: 0, mechanisms }
    },
    refuse: (_, errorCode) => ({
      errorCode,
      mechanisms: errorCode === kafkaErrorCode('UNSUPPORTED_SASL_MECHANISM') ? mechanisms : [],
    }),
  })
}

/** One message of the mechanism each way (KIP-152). A failure is told late, so that passwords cannot be tried fast (KIP-306). */
export const saslAuthenticate = handler({
  api: 'SaslAuthenticate',
  versions: [0, 2],
  async handle({ body, client }, broker) {
    if (client.login === null) {
      throw new ApiError('ILLEGAL_SASL_STATE', 'SaslAuthenticate request received after successful authentication')
    }
    try {
      const { challenge, sessionMs } = await client.login.authenticate(Buffer.from(body.authBytes))
      return { errorCode: 0, errorMessage: '', authBytes: challenge, sessionLifetimeMs: sessionMs }
    } catch (error) {
      if (error instanceof ApiError && error.errorCode === SASL_AUTHENTICATION_FAILED) {
        await broker.clock.sleep(broker.settings.number('connection.failed.authentication.delay.ms'))
      }
      throw error
    }
  },
  refuse: (_, errorCode, errorMessage) => ({ errorCode, errorMessage, authBytes: new Uint8Array(0) }),
})
