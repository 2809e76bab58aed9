import type { EmulatedRelease } from '../options.ts'

/** A feature as ApiVersions tells it: the levels a release knows, and the one a fresh cluster of it finalises (0: none). */
export interface Feature {
  readonly name: string
  readonly lowest: number
  readonly highest: number
  readonly finalised: number
}

export interface Release {
  /** Key → lowest and highest version on a client listener. */
  readonly apis: ReadonlyMap<number, readonly [number, number]>
  readonly features: readonly Feature[]
}

/** `key:lowest-highest`, as `kafka-broker-api-versions` has them; 3.9 and 4.3 were recorded from freshly formatted brokers. */
const APIS: Readonly<Record<EmulatedRelease, string>> = {
  '2.8':
    '0:0-9 1:0-12 2:0-6 3:0-11 8:0-8 9:0-7 10:0-3 11:0-7 12:0-4 13:0-4 14:0-5 15:0-5 16:0-4 17:0-1 18:0-3 19:0-7 20:0-6 21:0-2 22:0-4 ' +
    '23:0-4 24:0-3 25:0-3 26:0-3 27:0-1 28:0-3 29:0-2 30:0-2 31:0-2 32:0-4 33:0-2 34:0-2 35:0-2 36:0-2 37:0-3 38:0-2 39:0-2 40:0-2 ' +
    '41:0-2 42:0-2 43:0-2 44:0-1 45:0-0 46:0-0 47:0-0 48:0-1 49:0-1 50:0-0 51:0-0 57:0-0 60:0-0 61:0-0',
  '3.6':
    '0:0-9 1:0-15 2:0-8 3:0-12 8:0-8 9:0-8 10:0-4 11:0-9 12:0-4 13:0-5 14:0-5 15:0-5 16:0-4 17:0-1 18:0-3 19:0-7 20:0-6 21:0-2 22:0-4 ' +
    '23:0-4 24:0-4 25:0-3 26:0-3 27:0-1 28:0-3 29:0-3 30:0-3 31:0-3 32:0-4 33:0-2 34:0-2 35:0-4 36:0-2 37:0-3 38:0-3 39:0-2 40:0-2 ' +
    '41:0-3 42:0-2 43:0-2 44:0-1 45:0-0 46:0-0 47:0-0 48:0-1 49:0-1 50:0-0 51:0-0 55:0-1 57:0-1 60:0-0 61:0-0 64:0-0 65:0-0 66:0-0',
  '3.9':
    '0:0-11 1:0-17 2:0-9 3:0-12 8:0-9 9:0-9 10:0-6 11:0-9 12:0-4 13:0-5 14:0-5 15:0-5 16:0-5 17:0-1 18:0-4 19:0-7 20:0-6 21:0-2 22:0-5 ' +
    '23:0-4 24:0-5 25:0-4 26:0-4 27:0-1 28:0-4 29:0-3 30:0-3 31:0-3 32:0-4 33:0-2 34:0-2 35:0-4 36:0-2 37:0-3 38:0-3 39:0-2 40:0-2 ' +
    '41:0-3 42:0-2 43:0-2 44:0-1 45:0-0 46:0-0 47:0-0 48:0-1 49:0-1 50:0-0 51:0-0 55:0-2 57:0-1 60:0-1 61:0-0 64:0-0 65:0-0 66:0-1 ' +
    '68:0-0 69:0-0 74:0-0 75:0-0 80:0-0 81:0-0',
  '4.0':
    '0:0-12 1:4-17 2:1-10 3:0-13 8:2-9 9:1-9 10:0-6 11:0-9 12:0-4 13:0-5 14:0-5 15:0-6 16:0-5 17:0-1 18:0-4 19:2-7 20:1-6 21:0-2 22:0-5 ' +
    '23:2-4 24:0-5 25:0-4 26:0-5 27:1-1 28:0-5 29:1-3 30:1-3 31:1-3 32:1-4 33:0-2 34:1-2 35:1-4 36:0-2 37:0-3 38:1-3 39:1-2 40:1-2 ' +
    '41:1-3 42:0-2 43:0-2 44:0-1 45:0-0 46:0-0 47:0-0 48:0-1 49:0-1 50:0-0 51:0-0 55:0-2 57:0-2 60:0-2 61:0-0 64:0-0 65:0-0 66:0-1 ' +
    '68:0-1 69:0-1 74:0-0 75:0-0 80:0-0 81:0-0',
  '4.3':
    '0:0-13 1:4-18 2:1-11 3:0-13 8:2-10 9:1-10 10:0-6 11:0-9 12:0-4 13:0-5 14:0-5 15:0-6 16:0-5 17:0-1 18:0-4 19:2-7 20:1-6 21:0-2 22:0-5 ' +
    '23:2-4 24:0-5 25:0-4 26:0-5 27:1-2 28:0-5 29:1-3 30:1-3 31:1-3 32:1-4 33:0-2 34:1-2 35:1-5 36:0-2 37:0-3 38:1-3 39:1-2 40:1-2 ' +
    '41:1-3 42:0-2 43:0-2 44:0-1 45:0-1 46:0-0 47:0-0 48:0-1 49:0-1 50:0-0 51:0-0 55:0-2 57:0-2 60:0-2 61:0-0 64:0-0 65:0-0 66:0-2 ' +
    '68:0-1 69:0-1 74:0-1 75:0-0 76:1-1 77:1-1 78:1-2 79:1-2 80:0-1 81:0-0 83:0-0 84:0-0 85:0-1 86:0-0 87:0-1 88:0-0 89:0-0 90:0-1 ' +
    '91:0-0 92:0-0',
}

/** `name lowest-highest finalised`. Features of protocols that this broker does not serve are left out of what it finalises. */
const FEATURES: Readonly<Record<EmulatedRelease, readonly string[]>> = {
  '2.8': [],
  '3.6': ['metadata.version 1-14 14'],
  '3.9': ['metadata.version 1-21 21', 'kraft.version 0-1 0'],
  '4.0': ['metadata.version 7-25 25', 'transaction.version 0-2 2', 'group.version 0-1 1', 'kraft.version 0-1 0'],
  '4.3': ['metadata.version 7-30 30', 'transaction.version 0-2 2', 'group.version 0-1 1', 'kraft.version 0-1 0'],
}

function release(name: EmulatedRelease): Release {
  const apis = new Map<number, readonly [number, number]>()
  for (const entry of APIS[name].split(' ')) {
    const [key, lowest, highest] = entry.split(/[:-]/).map(Number)
    apis.set(key!, [lowest!, highest!])
  }
  const features = FEATURES[name].map((line) => {
    const [feature, levels, finalised] = line.split(' ')
    const [lowest, highest] = levels!.split('-').map(Number)
    return { name: feature!, lowest: lowest!, highest: highest!, finalised: Number(finalised) }
  })
  return { apis, features }
}

/** What each release of Apache Kafka offers. */
export const RELEASES: Readonly<Record<EmulatedRelease, Release>> = {
  '2.8': release('2.8'),
  '3.6': release('3.6'),
  '3.9': release('3.9'),
  '4.0': release('4.0'),
  '4.3': release('4.3'),
}
