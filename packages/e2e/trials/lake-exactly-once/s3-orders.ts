/** What a trial and the process of its S3 server say to each other. */
import type { S3Effect, S3Operation } from '@sluice/object-store/testing'

/** A fault as it crosses to another process. */
export interface OrderedFault {
  readonly effect: S3Effect
  readonly on?: S3Operation
  /** The source of a regular expression for the object's key. */
  readonly key?: string
  readonly nth?: number
  readonly times?: number
  readonly delayMs?: number
  /** Told as `struck` when it strikes; the request then waits for `release` of that name, and only then meets the effect. */
  readonly hold?: string
}

export type S3Order =
  | { readonly order: 'fault'; readonly fault: OrderedFault }
  | { readonly order: 'chance'; readonly seed: number; readonly rate: number }
  | { readonly order: 'clear' }
  | { readonly order: 'release'; readonly hold: string }
  /** Writes what is really there below a prefix into a folder. */
  | { readonly order: 'dump'; readonly prefix: string; readonly folder: string }

/** Each order is answered with its number. */
export type S3Question = S3Order & { readonly number: number }

export type S3Said =
  | { readonly said: 'started'; readonly url: string; readonly id: string; readonly secret: string }
  | { readonly said: 'struck'; readonly hold: string; readonly key: string }
  | { readonly said: 'done'; readonly number: number; readonly struck: Readonly<Record<string, number>> }

export const BUCKET = 'lake'
