// The S3 server of `lake-exactly-once` as a process of its own, so that whoever is killed beside it does not end it.
import fs from 'node:fs'
import path from 'node:path'
import { S3TestServer } from '@sluice/object-store/testing'
import { BUCKET, type OrderedFault, type S3Question, type S3Said } from './s3-orders.ts'

const ACCESS_KEY = { accessKeyId: 'AKSLUICETRIAL', secretAccessKey: 'a-secret-of-no-worth' }

const server = await S3TestServer.start({ buckets: [BUCKET], users: [ACCESS_KEY] })
const struck: Record<string, number> = {}
const held = new Map<string, () => void>()

const strike = server.faults.strike.bind(server.faults)
server.faults.strike = (target) => {
  const fault = strike(target)
  if (fault !== undefined) {
    const what = `${fault.effect} ${target.operation}`
    struck[what] = (struck[what] ?? 0) + 1
  }
  return fault
}

function say(said: S3Said): void {
  process.send!(said)
}

function add({ hold, key, ...fault }: OrderedFault): void {
  const meanwhile = (): Promise<void> =>
    new Promise((resolve) => {
      held.set(hold!, resolve)
      say({ said: 'struck', hold: hold!, key: key ?? '' })
    })
  server.faults.add({
    ...fault,
    ...(key !== undefined && { key: new RegExp(key) }),
    ...(hold !== undefined && { meanwhile }),
  })
}

function dump(prefix: string, folder: string): void {
  for (const key of server.keys(BUCKET)) {
    if (!key.startsWith(prefix)) continue
    const file = path.join(folder, key.slice(prefix.length))
    fs.mkdirSync(path.dirname(file), { recursive: true })
    fs.writeFileSync(file, server.object(BUCKET, key)!.bytes)
  }
}

process.on('message', (question: S3Question) => {
  if (question.order === 'fault') add(question.fault)
  else if (question.order === 'chance') server.faults.seed(question.seed, question.rate)
  else if (question.order === 'clear') server.faults.clear()
  else if (question.order === 'dump') dump(question.prefix, question.folder)
  else {
    held.get(question.hold)?.()
    held.delete(question.hold)
  }
  say({ said: 'done', number: question.number, struck })
})
process.once('disconnect', () => process.exit(0))
say({ said: 'started', url: server.url, id: ACCESS_KEY.accessKeyId, secret: ACCESS_KEY.secretAccessKey })
