import { atLeast, defineSettings, nonEmptyString, type ParsedSettings } from '@sluice/sdk'

export const flightsSettings = defineSettings({
  'flights.topic': {
    type: 'string',
    default: 'flights.raw',
    validator: nonEmptyString,
    importance: 'high',
    documentation:
      'Reports of flights, in the order in which they come in: JSON objects with `date` (`2001/01/31 23:05`), `delay` (minutes), `distance` (miles), `origin` and `destination` (IATA codes); the key is the origin.',
  },
  'airports.topic': {
    type: 'string',
    default: 'airports.raw',
    validator: nonEmptyString,
    importance: 'high',
    documentation:
      'Airports: JSON objects of texts with `iata`, `name`, `city`, `state`; the key is `iata`. It has as many partitions as the topic of the flights.',
  },
  'clean.topic': {
    type: 'string',
    default: 'flights.clean',
    validator: nonEmptyString,
    importance: 'high',
    documentation: 'Flights with the city and state they leave from, as JSON of `flightSchema`.',
  },
  'delays.topic': {
    type: 'string',
    default: 'flights.delays',
    validator: nonEmptyString,
    importance: 'high',
    documentation: 'One row per state and day, as JSON of `delaysSchema`, written when the day is over for good.',
  },
  'late.topic': {
    type: 'string',
    default: 'flights.late',
    validator: nonEmptyString,
    importance: 'medium',
    documentation: 'Flights whose day was over when they were reported, as JSON of `flightSchema`.',
  },
  'quarantine.topic': {
    type: 'string',
    default: 'flights.quarantine',
    validator: nonEmptyString,
    importance: 'high',
    documentation: 'Reports that cannot be read or believed, byte for byte, with the reasons as headers.',
  },
  'grace.hours': {
    type: 'int',
    default: 1,
    validator: atLeast(0),
    importance: 'medium',
    documentation: 'How long after its end a day waits for flights that are reported late.',
  },
})

export type FlightsSettings = ParsedSettings<typeof flightsSettings>
