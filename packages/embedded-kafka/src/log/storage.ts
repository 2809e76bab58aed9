/**
 * Where logs keep their bytes: files, or memory. A log's directory holds segments, which only grow at their end, and small
 * files, which are replaced whole.
 */
export interface LogStorage {
  /** `path` has one name per level. Nothing is made before something is written. */
  directory(path: readonly string[]): LogDirectory
  /** The names below a path; none if it does not exist. */
  names(path: readonly string[]): readonly string[]
  /** Removes a directory with all it holds; a crash half-way leaves a remainder under a name that `isRemainder` knows. */
  remove(path: readonly string[]): void
  close(): void
}

export interface LogDirectory {
  names(): readonly string[]
  open(name: string): LogFile
  /** A small file; undefined if there is none. */
  read(name: string): Buffer | undefined
  /** Replaces a small file: a reader, also after a crash, finds the old bytes or the new ones. */
  write(name: string, bytes: Uint8Array): void
  /** Gives a file another name; what had that name before is gone. */
  rename(from: string, to: string): void
  remove(name: string): void
}

/** More than the header of a batch, and than the usual distance of index entries. */
export const GLANCE_BYTES_MAX = 8192

/** A file that grows at its end. */
export interface LogFile {
  readonly size: number
  /** Memory for the next `append`, so that bytes are laid out once: in the memory that recent reads are served from. */
  reserve(length: number): Buffer
  /** Writes what `reserve` gave. Throws KAFKA_STORAGE_ERROR, and the file is as before. */
  append(reserved: Buffer): void
  /** Appends bytes that nobody is about to read. Throws as `append`. */
  write(bytes: Buffer): void
  /** The bytes in consecutive views, which stay valid; they are cut where appended pieces begin, and nowhere else. */
  read(position: number, length: number): readonly Buffer[]
  /** The first of those views, or of what of it is in one piece, for up to GLANCE_BYTES_MAX: to look at now, it is valid until the next call. */
  glance(position: number, length: number): Buffer
  /** As `read`, for an answer: the views are valid until somebody gives them back (see LentMemory). */
  lend(position: number, length: number): readonly Buffer[]
  truncate(size: number): void
  /** To the disk. */
  flush(): void
  /** To the disk, without waiting for it; calls back if it succeeded. */
  flushLater(done: () => void): void
  /** Lets go of memory and descriptors; the next use opens it again. */
  close(): void
}
