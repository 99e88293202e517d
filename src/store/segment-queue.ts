import { join } from "node:path";
import type { Segment } from "./manifest.js";
import type { SegmentDraft } from "./segment-draft.js";
import type { SegmentEngine } from "./segment-engine.js";
import { writeSegment } from "./segment-write.js";
import type { StoreFiles } from "./store-env.js";

/** A draft on its way to the disk. */
export interface Ticket {
  dropped: boolean;
  segment: Segment | undefined;
}

/** Removes the files of a segment. */
export async function removeSegment(files: StoreFiles, directory: string, segment: Segment): Promise<void> {
  for (const file of [segment.file, segment.profile.file]) await files.rm(join(directory, file), { force: true });
}

/** Writes drafts one after the other while the caller goes on reading. */
export class SegmentQueue {
  readonly #engine: SegmentEngine;
  readonly #files: StoreFiles;
  readonly #directory: string;
  readonly #tickets: Ticket[] = [];
  #tail: Promise<void> = Promise.resolve();
  #beforeLast: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;
  #next: number;

  constructor(engine: SegmentEngine, files: StoreFiles, directory: string, nextSegment: number) {
    this.#engine = engine;
    this.#files = files;
    this.#directory = directory;
    this.#next = nextSegment;
  }

  /** The number that the next segment will have. */
  get nextSegment(): number {
    return this.#next;
  }

  /** Takes a draft with at least one row; it must not be changed any more. */
  push(draft: SegmentDraft): Ticket {
    const ticket: Ticket = { dropped: false, segment: undefined };
    const number = this.#next++;
    this.#tickets.push(ticket);
    this.#beforeLast = this.#tail;
    this.#tail = this.#tail.then(async () => {
      if (ticket.dropped || this.#failure !== undefined) return;
      try {
        ticket.segment = await writeSegment(this.#engine, this.#files, this.#directory, number, draft);
      } catch (error) {
        this.#failure = { error };
      }
    });
    return ticket;
  }

  /** Takes a draft back: it is not written, or its files are removed. */
  drop(ticket: Ticket): void {
    ticket.dropped = true;
    this.#tail = this.#tail.then(async () => {
      if (ticket.segment !== undefined) await removeSegment(this.#files, this.#directory, ticket.segment);
    });
  }

  dropAll(): void {
    for (const ticket of this.#tickets) if (!ticket.dropped) this.drop(ticket);
  }

  /** Waits until at most one draft is on its way, so that reading and writing overlap in bounded memory. */
  async room(): Promise<void> {
    await this.#beforeLast;
    this.#rethrow();
  }

  /** Waits for the disk. @throws what the first write that failed threw. */
  async settle(): Promise<void> {
    await this.#tail;
    this.#rethrow();
  }

  #rethrow(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** The segments that were written and not dropped, in order. Call it after `settle`. */
  written(): Segment[] {
    return this.#tickets.flatMap((ticket) => (ticket.dropped || ticket.segment === undefined ? [] : [ticket.segment]));
  }
}
