import { join } from "node:path";
import type { Segment } from "./manifest.js";
import { LIKELY_BYTES, type SegmentDraft } from "./segment-draft.js";
import type { SegmentEngine } from "./segment-engine.js";
import { writeSegment } from "./segment-write.js";
import type { StoreFiles } from "./store-env.js";

/** A draft on its way to the disk. */
export interface Ticket {
  dropped: boolean;
  segment: Segment | undefined;
  /** Resolves when it is on the disk or gone, whatever became of it. */
  written: Promise<void>;
}

/** Removes the files of a segment. */
export async function removeSegment(files: StoreFiles, directory: string, segment: Segment): Promise<void> {
  for (const file of [segment.file, segment.profile.file]) await files.rm(join(directory, file), { force: true });
}

/**
 * Writes drafts, as many at once as there are engines, while the caller goes on reading: an engine asks for a draft's
 * rows bit by bit, and waits each time until JavaScript has a moment.
 */
export class SegmentQueue {
  readonly #files: StoreFiles;
  readonly #directory: string;
  readonly #tickets: Ticket[] = [];
  readonly #most: number;
  /** What each engine has to do, one thing after the other. */
  readonly #lanes: { readonly engine: SegmentEngine; tail: Promise<void>; waiting: number }[];
  /** Bytes of the drafts on their way. */
  #bytes = 0;
  #failure: { readonly error: unknown } | undefined;
  #next: number;

  /** @param engines at least one. */
  constructor(engines: readonly SegmentEngine[], files: StoreFiles, directory: string, nextSegment: number) {
    this.#most = 2 * engines.length * LIKELY_BYTES;
    this.#lanes = engines.map((engine) => ({ engine, tail: Promise.resolve(), waiting: 0 }));
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
    const ticket: Ticket = { dropped: false, segment: undefined, written: Promise.resolve() };
    const number = this.#next++;
    this.#tickets.push(ticket);
    const lane = this.#lanes.reduce((least, item) => (item.waiting < least.waiting ? item : least));
    const bytes = draft.arena.length;
    lane.waiting += 1;
    this.#bytes += bytes;
    lane.tail = lane.tail.then(async () => {
      if (!ticket.dropped && this.#failure === undefined) await this.#write(lane.engine, number, draft, ticket);
      lane.waiting -= 1;
      this.#bytes -= bytes;
    });
    ticket.written = lane.tail;
    return ticket;
  }

  async #write(engine: SegmentEngine, number: number, draft: SegmentDraft, ticket: Ticket): Promise<void> {
    try {
      ticket.segment = await writeSegment(engine, this.#files, this.#directory, number, draft);
    } catch (error) {
      this.#failure = { error };
    }
  }

  /** Takes a draft back: it is not written, or its files are removed. */
  drop(ticket: Ticket): void {
    ticket.dropped = true;
    ticket.written = ticket.written.then(async () => {
      if (ticket.segment !== undefined) await removeSegment(this.#files, this.#directory, ticket.segment);
    });
  }

  dropAll(): void {
    for (const ticket of this.#tickets) if (!ticket.dropped) this.drop(ticket);
  }

  /**
   * Waits until no more drafts are on their way than are being written, and no more bytes than so many usual drafts have,
   * so that memory is bounded: a draft of one long text goes alone.
   */
  async room(): Promise<void> {
    const isFull = (): boolean => this.#lanes.every((lane) => lane.waiting > 1) || this.#bytes > this.#most;
    while (isFull()) {
      await Promise.race(this.#lanes.filter((lane) => lane.waiting > 0).map((lane) => lane.tail));
    }
    this.#rethrow();
  }

  /** Waits for the disk. @throws what the first write that failed threw. */
  async settle(): Promise<void> {
    await Promise.all(this.#tickets.map((ticket) => ticket.written));
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
