/** A client's own request id is kept when it could not break a log line, a header or a file name. */
export function isRequestId(value: string): boolean {
  return value.length <= 128 && /^[A-Za-z0-9][A-Za-z0-9._~:+/=-]*$/.test(value);
}
