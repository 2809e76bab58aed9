/** The program of a thread that encodes files: started by `spawnEncoderThread`, ended from there. */
import { parentPort } from 'node:worker_threads'
import type { FromThread, ToThread } from './messages.ts'
import { ParcelEncoder } from './parcel-encoder.ts'

const files = new Map<number, ParcelEncoder>()

parentPort!.on('message', (message: ToThread) => {
  try {
    hear(message)
  } catch (error) {
    files.delete(message.file)
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
    tell({ type: 'failed', file: message.file, reason })
  }
})

function hear(message: ToThread): void {
  const { type, file } = message
  if (type === 'open') {
    files.set(file, new ParcelEncoder(message.opening))
    return
  }
  const encoder = files.get(file)
  // One that failed is known to have.
  if (encoder === undefined) return
  if (type === 'pages') {
    const { parcel } = message
    tell({ type: 'taken', file, parcelBytes: parcel.length, fileBytes: encoder.take(parcel) })
    return
  }
  files.delete(file)
  if (type === 'drop') return
  const encoded = encoder.finish()
  tell({ type: 'finished', file, encoded }, [encoded.bytes.buffer as ArrayBuffer])
}

function tell(message: FromThread, transfer: readonly ArrayBuffer[] = []): void {
  parentPort!.postMessage(message, transfer)
}
