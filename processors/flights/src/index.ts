/** Flights as they are reported, with the airports they leave: delays per state and day, each day once, when it is over for good. */
import { defineProcessor, schemaContentOf, type Processor } from '@sluice/streams'
import { delaysSchema } from './delays.ts'
import { flightsSettings, type FlightsSettings } from './settings.ts'
import { flights } from './topology.ts'

export { delaysSchema, type Delays } from './delays.ts'
export { flightSchema, toReport, type Flight, type Report } from './flight.ts'
export { flightGate } from './rules.ts'
export { flightsSettings, type FlightsSettings }

/** For `schema.content` of a JsonConverter that reads the topic of delays. */
export const delaysSchemaJson: string = schemaContentOf(delaysSchema)

const processor: Processor<FlightsSettings> = defineProcessor({
  name: 'flights',
  version: '1',
  documentation:
    'Joins reports of flights with the airports they leave, and counts delays per state and day of the event, each day once. ' +
    'What is reported after its day was over becomes a topic of its own.',
  settings: flightsSettings,
  topology: flights,
})

export default processor
