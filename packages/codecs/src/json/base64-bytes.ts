const BASE64 =
  /^[\0-\x20]*(?:[A-Za-z0-9+/]{4}[\0-\x20]*)*(?:[A-Za-z0-9+/]{2}==[\0-\x20]*|[A-Za-z0-9+/]{3}=[\0-\x20]*)?$/

/** The bytes of base64 text with padding; undefined for other text. White space between groups of four is allowed, as in Jackson. */
export function base64Bytes(text: string): Uint8Array | undefined {
  return BASE64.test(text) ? Buffer.from(text, 'base64') : undefined
}
