/** The contract (rest/endpoints.ts) as types of what a caller gives and gets. */
import type { CONTRACT, Operation } from '../rest/endpoints.ts'
import type { Answers, Bodies } from './answers.ts'

/** Those between workers need their signatures. */
export type PublicOperation = Exclude<Operation, 'putTaskConfigs' | 'fenceZombies'>

type Entry<O extends PublicOperation> = Extract<(typeof CONTRACT)[number], { readonly operation: O }>

type PathParameter<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
  ? Name | PathParameter<Rest>
  : never

type Query<E> = E extends { readonly query: infer Q }
  ? { readonly [K in keyof Q]?: Q[K] extends { readonly type: 'boolean' } ? boolean : string | readonly string[] }
  : Readonly<Record<string, undefined>>

/** What a request of an operation consists of: `path` by the names in its path, `query`, `body`. */
export type RequestOf<O extends PublicOperation> = {
  readonly query?: Query<Entry<O>>
} & ([PathParameter<Entry<O>['path']>] extends [never]
  ? object
  : { readonly path: Readonly<Record<PathParameter<Entry<O>['path']>, string>> }) &
  (Entry<O> extends { readonly body: infer B extends keyof Bodies } ? { readonly body: Bodies[B] } : object)

type ShapeIn<A> = A[keyof A] extends infer T
  ? T extends readonly [string, infer S]
    ? Exclude<S, 'Error'>
    : never
  : never

type AnswerIn<S> = S extends keyof Answers ? Answers[S] : S extends null ? undefined : never

/** Of every status that is no error; undefined where there is no body. */
export type AnswerOf<O extends PublicOperation> = AnswerIn<ShapeIn<Entry<O>['answers']>>
