/** Single message transforms and predicates: one file each, one line here. */
import type { PredicatePlugin, TransformPlugin } from '@sluice/sdk'

export const transforms: readonly TransformPlugin[] = []

export const predicates: readonly PredicatePlugin[] = []
