/** What a thread that encodes and its owner tell each other. Files have a number, which the owner gives them. */
import type { LeafColumn } from '../column.ts'
import type { EncoderOptions } from '../file-encoder.ts'
import type { EncodedFile } from '../memory-writer.ts'
import type { ParquetColumn } from '../schema.ts'
import type { Parcel } from './parcel.ts'

/** Once per file, before anything else of it. */
export interface FileOpening {
  readonly columns: readonly ParquetColumn[]
  readonly leaves: readonly LeafColumn[]
  readonly options: EncoderOptions
}

export type ToThread =
  | { readonly type: 'open'; readonly file: number; readonly opening: FileOpening }
  /** The parcel's buffer is handed over. */
  | { readonly type: 'pages'; readonly file: number; readonly parcel: Parcel }
  | { readonly type: 'finish'; readonly file: number }
  | { readonly type: 'drop'; readonly file: number }

export type FromThread =
  /** A parcel of so many bytes is done; the file takes about `fileBytes` now. */
  | { readonly type: 'taken'; readonly file: number; readonly parcelBytes: number; readonly fileBytes: number }
  /** The bytes are handed over. */
  | { readonly type: 'finished'; readonly file: number; readonly encoded: EncodedFile }
  | { readonly type: 'failed'; readonly file: number; readonly reason: string }
