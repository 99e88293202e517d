import { integerOf } from "../json/number.js";
import { UNUSABLE } from "../profile/profile.js";
import type { Profiler } from "../profile/profiler.js";
import type { ByteArena } from "./byte-arena.js";

/** An int64: a number when it is a safe integer, else a bigint. */
export type Step = number | bigint;

/** The step of a row that has none. */
export const NO_STEP = -1;
/** Characters of a token that surely names a safe integer. */
const SHORT = 15;

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;
const HEAD = Buffer.from('{"_step":', "latin1");
const TAIL = Buffer.from(',"_step":', "latin1");
const BYTE = { open: 0x7b, close: 0x7d, minus: 0x2d, zero: 0x30, nine: 0x39 } as const;

function matches(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}

/** Whether a text, if it is JSON at all, has `_step` as its first member or as its last one with an integer. */
function showsStep(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from < HEAD.length + 2) return false;
  if (matches(bytes, from, HEAD)) return true;
  if (bytes[to - 1] !== BYTE.close) return false;
  let at = to - 2;
  while (at > from && (bytes[at] as number) >= BYTE.zero && (bytes[at] as number) <= BYTE.nine) at -= 1;
  if (bytes[at] === BYTE.minus) at -= 1;
  return at - TAIL.length >= from && matches(bytes, at - TAIL.length + 1, TAIL);
}

/**
 * Whether a row is a usable JSON object without a root member `_step`. Scans with `probe`, whose profile is not used,
 * only when the first or last member does not already show it.
 */
export function lacksStep(probe: Profiler, bytes: Uint8Array, from: number, to: number): boolean {
  if (showsStep(bytes, from, to)) return false;
  return (probe.scan("history", bytes, from, to) & UNUSABLE) === 0 && probe.stepFrom < 0;
}

/** Appends the object in `bytes[from..to)` with `"_step":N` as its first member to the arena; gives its offset. */
export function appendWithStep(arena: ByteArena, step: bigint, bytes: Uint8Array, from: number, to: number): number {
  const open = bytes.indexOf(BYTE.open, from);
  let next = open + 1;
  while (next < to && (bytes[next] as number) <= 0x20) next += 1;
  const comma = bytes[next] === BYTE.close ? "" : ",";
  const head = Buffer.from(`{"_step":${step}${comma}`, "latin1");
  const start = arena.append(head, 0, head.length);
  arena.append(bytes, open + 1, to);
  return start;
}

/** An int64 as a step. */
function stepOf(value: bigint): Step {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

export interface ResolvedStep {
  readonly step: Step;
  /** `_step` is there and does not say exactly `step` as a plain integer, or says -1. */
  readonly odd: boolean;
}

/** An int64 that a token names, whatever its spelling (`12.0`, `1e1`); undefined for all else, `-0` included. */
function int64Of(token: string): bigint | undefined {
  const value = integerOf(token);
  return value !== undefined && value >= MIN_INT64 && value <= MAX_INT64 ? value : undefined;
}

/**
 * The step of a row: the given one, else that of its `_step`, else NO_STEP.
 * @param token text of the root member `_step`; undefined when there is none.
 * @param plain whether that text is an integer token.
 */
export function resolveStep(given: bigint | undefined, token: string | undefined, plain: boolean): ResolvedStep {
  const logged = token === undefined ? undefined : int64Of(token);
  const step = given ?? logged ?? BigInt(NO_STEP);
  const odd = token !== undefined && (logged !== step || !plain || step === BigInt(NO_STEP));
  return { step: stepOf(step), odd };
}

/**
 * The integer that a token of digits names, without making a text of it; NaN when it has more characters than every
 * safe integer can have, or more than a minus before its digits.
 */
export function shortInteger(bytes: Uint8Array, from: number, to: number): number {
  if (to - from > SHORT) return Number.NaN;
  const negative = bytes[from] === BYTE.minus;
  let value = 0;
  for (let at = negative ? from + 1 : from; at < to; at++) value = value * 10 + (bytes[at] as number) - BYTE.zero;
  return negative ? -value : value;
}
