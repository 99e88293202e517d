/** A timestamp text that fits a timestamp column (ISO 8601, at most microseconds, years 0001 to 9999). */
export interface Timestamp {
  /** Microseconds since 1970-01-01T00:00:00Z. Without a zone the text is read as UTC. */
  readonly micros: bigint;
  readonly zoned: boolean;
  /** Whether `formatTimestamp(micros)` gives the text back. */
  readonly canonical: boolean;
}

const ISO = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?(Z|[+-]\d{2}:?\d{2})?$/;

/** Milliseconds of a civil date and time in UTC, or undefined when a field is out of range or the day does not exist. */
function utcMillis(fields: readonly number[]): number | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields;
  if (year < 1 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1) return undefined;
  return date.setUTCHours(hour, minute, second, 0);
}

const MIN_MICROS = -62135596800000000n;
const MAX_MICROS = 253402300799999999n;

/**
 * Reads a timestamp. The zone is `Z`, `+hh:mm` or `+hhmm`. Undefined when the text is anything else, has more than six
 * fraction digits, a leap second, or is outside the years 0001 to 9999 in UTC.
 */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = ISO.exec(text);
  if (match === null) return undefined;
  const millis = utcMillis(match.slice(1, 7).map(Number));
  if (millis === undefined) return undefined;
  const zone = match[8];
  let micros = BigInt(millis) * 1000n + BigInt((match[7] ?? "").padEnd(6, "0"));
  if (zone !== undefined && zone !== "Z") {
    const hours = Number(zone.slice(1, 3));
    const minutes = Number(zone.slice(-2));
    if (hours > 14 || minutes > 59) return undefined;
    const offset = BigInt(hours * 60 + minutes) * 60_000_000n;
    micros += zone.startsWith("-") ? offset : -offset;
  }
  if (micros < MIN_MICROS || micros > MAX_MICROS) return undefined;
  return { micros, zoned: zone !== undefined, canonical: formatTimestamp(micros) === text };
}

const fractionDigits = (fraction: bigint): string => {
  if (fraction === 0n) return "";
  const digits = fraction.toString().padStart(6, "0");
  return digits.endsWith("000") ? `.${digits.slice(0, 3)}` : `.${digits}`;
};

/**
 * The canonical spelling: RFC 3339 in UTC with `Z`, and no, three or six fraction digits, as few as the value needs: what
 * protobuf's JSON mapping gives and so what W&B's clients write
 * (https://protobuf.dev/reference/protobuf/google.protobuf/#timestamp).
 */
export function formatTimestamp(micros: bigint): string {
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = new Date(Number((micros - fraction) / 1000n)).toISOString().slice(0, 19);
  return `${seconds}${fractionDigits(fraction)}Z`;
}
