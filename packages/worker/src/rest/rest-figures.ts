import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock, MetricLabels } from '@sluice/sdk'
import type { Measures } from '../operations/measures.ts'
import { Samples } from '../record-path/samples.ts'

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

interface Series {
  readonly labels: MetricLabels
  requests: number
  readonly seconds: Samples
}

/**
 * Requests and how long they take: by method, by endpoint as the contract writes it, and by class of status, so that no name and no
 * mistake of a client makes a new series.
 */
export class RestFigures {
  readonly #clock: Clock
  readonly #series = new Map<string, Series>()
  readonly #endpoints = new WeakMap<IncomingMessage, string>()
  #open = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Counted when its answer has gone out, or its client has. */
  begun(request: IncomingMessage, response: ServerResponse): void {
    const since = this.#clock.monotonic()
    this.#open++
    response.once('close', () => {
      this.#open--
      const status = response.writableFinished ? `${Math.floor(response.statusCode / 100)}xx` : 'gone'
      const series = this.#of(request, status)
      series.requests++
      series.seconds.record((this.#clock.monotonic() - since) / 1000)
    })
  }

  /** @param endpoint the path with its parameters by name */
  routed(request: IncomingMessage, endpoint: string): void {
    this.#endpoints.set(request, endpoint)
  }

  measures(): Measures {
    const samples = [...this.#series.values()].flatMap(({ labels, requests, seconds }) => [
      { name: 'sluice_rest_requests_total', labels, value: requests },
      { name: 'sluice_rest_request_seconds_total', labels, value: seconds.total },
      ...(Number.isNaN(seconds.max) ? [] : [{ name: 'sluice_rest_request_seconds_max', labels, value: seconds.max }]),
    ])
    return { samples: [...samples, { name: 'sluice_rest_requests_open', labels: {}, value: this.#open }], figures: [] }
  }

  #of(request: IncomingMessage, status: string): Series {
    const method = METHODS.has(request.method ?? '') ? request.method! : 'other'
    const endpoint = this.#endpoints.get(request) ?? 'other'
    const key = `${method} ${endpoint} ${status}`
    let found = this.#series.get(key)
    if (found === undefined) {
      found = { labels: { method, endpoint, status }, requests: 0, seconds: new Samples(this.#clock) }
      this.#series.set(key, found)
    }
    return found
  }
}
