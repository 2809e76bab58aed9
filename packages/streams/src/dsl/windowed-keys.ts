/** How the keys of windowed tables are written. */
import { withInner, type Serde, type Side } from '../serde.ts'
import { sessionWindowedSerde, timeWindowedSerde } from '../state/formats/windowed-serdes.ts'
import type { FixedWindows, Windowed } from '../windows/window.ts'

/** The bytes have no end: it follows from the start. */
export function fixedWindowedKey(inner: Side, windows: Pick<FixedWindows, 'endOf'>): Side {
  const { converter } = timeWindowedSerde(inner as Serde<unknown>, 0)
  const side: Side = {
    schema: null,
    converter: {
      encoder: (topic, schema) => converter.encoder(topic, schema),
      decode(topic, bytes, headers) {
        const decoded = converter.decode(topic, bytes, headers)
        if (decoded.value === null) return decoded
        const window = decoded.value as unknown as Windowed<unknown>
        return { ...decoded, value: { ...window, end: windows.endOf(window.start) } as unknown as typeof decoded.value }
      },
    },
  }
  return withInner(side, inner)
}

export function slidingWindowedKey(inner: Side, differenceMs: number): Side {
  return withInner(timeWindowedSerde(inner as Serde<unknown>, differenceMs), inner)
}

export function sessionWindowedKey(inner: Side): Side {
  return withInner(sessionWindowedSerde(inner as Serde<unknown>), inner)
}
