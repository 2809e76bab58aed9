import { describe, test } from '@jest/globals'
import { S3TestServer, testObjectStore } from '@sluice/object-store/testing'

describe('s3:', () => {
  testObjectStore(test, {
    open: async () => {
      const server = await S3TestServer.start()
      return { store: server.open('lake/some prefix'), close: () => server.stop() }
    },
  })
})
