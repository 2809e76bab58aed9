/**
 * The captured conversation leaves some exchanges out whose effects later ones show. These are made in their place, unless the file of
 * cases has them.
 */
import type { RestCase } from './rest-transcript.ts'

type Step = Omit<RestCase, 'status' | 'response_headers'>

const JSON_HEADERS = { 'Content-Type': 'application/json' }
const FILE_SOURCE = 'org.apache.kafka.connect.file.FileStreamSourceConnector'

function step(id: string, method: string, path: string, body?: unknown): Step {
  return {
    id,
    method,
    path,
    ...(body !== undefined && { request_headers: JSON_HEADERS, request_body: JSON.stringify(body) }),
  }
}

const lines = { 'connector.class': FILE_SOURCE, 'tasks.max': '1', file: '<DIR>/a.txt', topic: 'vec-a' }
const fed = { 'connector.class': FILE_SOURCE, 'tasks.max': '1', file: '<DIR>/s.txt', topic: 'vec-sinkside' }
const failing = {
  'connector.class': 'org.apache.kafka.connect.tools.MockSourceConnector',
  'tasks.max': '1',
  mock_mode: 'task-failure',
  delay_ms: '0',
}

/** By the id of the case that they come before. */
const STEPS: Readonly<Record<string, readonly Step[]>> = {
  'rest-075': [step('rest-074', 'DELETE', '/connectors/x')],
  'rest-076': [step('rest-075+', 'DELETE', '/connectors/x')],
  'rest-107': [step('rest-106', 'PUT', '/admin/loggers/org.apache.kafka.connect.file', { level: 'DEBUG' })],
  'rest-117': [step('rest-116', 'POST', '/connectors', { name: 'a', config: lines })],
  'rest-144': [step('rest-143', 'PUT', '/connectors/a/pause')],
  'rest-153': [step('rest-152', 'PATCH', '/connectors/a/config', { name: 'b' })],
  'rest-186': [step('rest-185', 'PUT', '/connectors/two/resume')],
  'rest-219': [step('rest-218', 'POST', '/connectors', { name: 'bad', config: failing })],
  'rest-233': [step('rest-229', 'DELETE', '/connectors/two'), step('rest-232', 'DELETE', '/connectors/bad')],
  'rest-241': [step('rest-240', 'DELETE', '/connectors/spaced')],
  'rest-246': [step('rest-245', 'PUT', '/connectors/feed/config', fed)],
  'rest-264': [step('rest-262', 'PATCH', '/connectors/drain/offsets', offsetsOf('vec-sinkside', 2))],
  'rest-280': [step('rest-279', 'DELETE', '/connectors/feed')],
}

function offsetsOf(topic: string, offset: number): unknown {
  return { offsets: [{ partition: { kafka_topic: topic, kafka_partition: 0 }, offset: { kafka_offset: offset } }] }
}

/** The source files hold three lines of 14 bytes, and nothing is written to the topics by anybody else. */
export const SOURCE_LINES = 'one\ntwo\nthree\n'

export function stepsBefore(id: string): readonly Step[] {
  return STEPS[id] ?? []
}
