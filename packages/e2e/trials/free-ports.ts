import net from 'node:net'

/** Below what systems hand out by themselves, so that no connection takes a port between the look and the use. */
const LOWEST = 12_000
const HIGHEST = 32_000

/** The first of so many neighbouring ports of 127.0.0.1 that are free. */
export async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const first = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST - count))
    const found = await Promise.all(Array.from({ length: count }, (_, i) => isFree(first + i)))
    if (!found.includes(false)) return first
  }
  throw new Error(`no ${count} neighbouring ports are free on 127.0.0.1`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
