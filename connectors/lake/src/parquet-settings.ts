/** Settings of Parquet files, under the names of Iceberg's table properties where it has them. */
import { atLeast, between, defineSettings, oneOf } from '@sluice/sdk'
import type { ParsedSettings, SettingProblem } from '@sluice/sdk'
import type { ParquetCodec, ParquetOptions } from '@sluice/lake'

const GROUP = 'Parquet'
const [LEVEL, ROW_GROUP, PAGE, BLOOM] = [
  'write.parquet.compression-level',
  'write.parquet.row-group-size-bytes',
  'write.parquet.page-size-bytes',
  'write.parquet.bloom-filter-enabled.columns',
] as const
const CODECS = ['zstd', 'snappy', 'gzip', 'lz4_raw', 'none'] as const
/** Highest level of those codecs that have levels. */
const LEVELS: Partial<Readonly<Record<ParquetCodec, number>>> = { zstd: 22, gzip: 9 }

/** Of tables. */
export const parquetSettings = settingsWith('zstd')
/** Of files, where Confluent's sink takes snappy. */
export const parquetFileSettings = settingsWith('snappy')

export type ParquetSettings = ParsedSettings<typeof parquetSettings>

/** Those named write.parquet.… that say something else than their defaults: to files of other formats they mean nothing. */
export function parquetSettingsGiven(settings: ParquetSettings): string[] {
  return Object.entries(parquetSettings.declarations).flatMap(([name, { default: usual }]) => {
    const value = settings[name as keyof ParquetSettings]
    return name === 'parquet.codec' || JSON.stringify(value) === JSON.stringify(usual) ? [] : [name]
  })
}

/** Bloom filters are by the columns' names; not every file has all of them. */
export function parquetOptionsOf(settings: ParquetSettings): ParquetOptions {
  const level = settings[LEVEL]
  return {
    codec: settings['parquet.codec'],
    ...(level === null ? {} : { compressionLevel: level }),
    rowGroupBytesMax: settings[ROW_GROUP],
    pageBytesMax: settings[PAGE],
    pageRowsMax: settings['write.parquet.page-row-limit'],
    pageVersion: settings['write.parquet.page-version'] === 'v2' ? 2 : 1,
    bloomFilters: settings[BLOOM],
  }
}

/** @param codec the default */
function settingsWith(codec: (typeof CODECS)[number]) {
  return defineSettings(
    {
      'parquet.codec': {
        type: 'string',
        default: codec,
        importance: 'medium',
        group: GROUP,
        validator: oneOf(...CODECS),
        documentation:
          'Compression of Parquet files. zstd makes the smallest ones, and is what the Delta protocol asks for; snappy and lz4_raw take the least time; gzip is for readers that have nothing else.',
      },
      [LEVEL]: {
        type: 'int',
        default: null,
        importance: 'low',
        group: GROUP,
        documentation:
          'The level of zstd (1 to 22, otherwise 3) or gzip (1 to 9, otherwise 6): higher ones take more time for smaller files.',
      },
      [ROW_GROUP]: {
        type: 'long',
        default: 128 * 1024 * 1024,
        validator: atLeast(1),
        importance: 'low',
        group: GROUP,
        documentation:
          'A row group ends at about this many bytes before compression. Smaller ones let readers leave out more of a file; a file that ends earlier has only one.',
      },
      [PAGE]: {
        type: 'int',
        default: 1024 * 1024,
        validator: between(1, 2 ** 28),
        importance: 'low',
        group: GROUP,
        documentation: 'A page, the unit of compression, ends at about this many bytes …',
      },
      'write.parquet.page-row-limit': {
        type: 'int',
        default: 20_000,
        validator: between(1, 2 ** 20),
        importance: 'low',
        group: GROUP,
        documentation: '… or at this many rows, whichever comes first.',
      },
      'write.parquet.page-version': {
        type: 'string',
        default: 'v1',
        validator: oneOf('v1', 'v2'),
        importance: 'low',
        group: GROUP,
        documentation:
          'The version of the data pages: v1, which every reader has; or v2, which is smaller where numbers grow slowly or texts begin alike.',
      },
      [BLOOM]: {
        type: 'list',
        default: [],
        importance: 'low',
        group: GROUP,
        documentation:
          'The columns that get a bloom filter (Iceberg: write.parquet.bloom-filter-enabled.column.NAME=true for each): those without order and with many values, by which rows are looked up. Nested ones by the names that lead to them in the file, such as lines.list.element.sku. A column that is missing, boolean, or parts the table has none.',
      },
    },
    {
      check: (settings) =>
        problemsOf({
          codec: settings['parquet.codec'],
          level: settings[LEVEL],
          group: settings[ROW_GROUP],
          page: settings[PAGE],
        }),
    },
  )
}

interface Combined {
  readonly codec: ParquetCodec
  readonly level: number | null
  readonly group: number
  readonly page: number
}

function* problemsOf({ codec, level, group, page }: Combined): Iterable<SettingProblem> {
  if (page > group)
    yield {
      setting: ROW_GROUP,
      message: `${ROW_GROUP} (${group}) must not be below ${PAGE} (${page}), for a row group is made of pages: make the pages smaller too`,
    }
  const highest = LEVELS[codec]
  if (level === null) return
  if (highest === undefined)
    yield {
      setting: LEVEL,
      message: `${LEVEL} has no meaning with parquet.codec=${codec}: leave it out, or use zstd or gzip`,
    }
  else if (level < 1 || level > highest)
    yield {
      setting: LEVEL,
      message: `${LEVEL} is ${level}, but parquet.codec=${codec} has levels from 1 to ${highest}`,
    }
}
