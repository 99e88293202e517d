import { byteSize, grouped } from "../output/layout.js";
import type { Progress } from "../pipelines/environment.js";
import type { Output } from "./effects.js";

/** One moment of a step. */
export interface Moment {
  readonly step: string;
  readonly unit: "bytes" | "parts";
  readonly done: number;
  readonly total: number | undefined;
  /** Seconds since the step began. */
  readonly seconds: number;
}

const BAR = 24;

function amount(count: number, unit: Moment["unit"]): string {
  return unit === "bytes" ? byteSize(count) : grouped(count);
}

function rate({ done, unit, seconds }: Moment): string {
  if (seconds < 0.5 || unit !== "bytes") return "";
  return `${byteSize(Math.round(done / seconds))}/s`;
}

function remaining({ done, total, seconds }: Moment): string {
  if (total === undefined || done <= 0 || done >= total || seconds < 1) return "";
  const left = Math.ceil((seconds / done) * (total - done));
  const minutes = Math.floor(left / 60);
  return `${minutes > 0 ? `${minutes} min ` : ""}${left % 60} s left`;
}

function share({ done, total }: Moment): number | undefined {
  return total === undefined || total <= 0 ? undefined : Math.min(1, done / total);
}

/** One line without newline: step, bar, amount, rate, remaining time. */
export function progressLine(moment: Moment, bar: boolean): string {
  const part = share(moment);
  const filled = Math.round((part ?? 0) * BAR);
  const drawn = bar && part !== undefined ? `[${"=".repeat(filled)}${" ".repeat(BAR - filled)}]` : "";
  const percent = part === undefined ? "" : `${Math.floor(part * 100)} %`;
  const all = moment.total === undefined ? "" : ` of ${amount(moment.total, moment.unit)}`;
  const what = `${amount(moment.done, moment.unit)}${all}${moment.unit === "parts" ? " parts" : ""}`;
  return [moment.step, drawn, percent, what, rate(moment), remaining(moment)].filter((text) => text !== "").join("  ");
}

const REDRAW_SECONDS = 0.1;
const LINE_SECONDS = 5;

/** Shows progress on stderr: one line redrawn on a terminal, elsewhere a line every five seconds at most. */
export class ProgressMeter {
  readonly #err: Output;
  readonly #now: () => Date;
  readonly #quiet: boolean;
  #step = "";
  #began = 0;
  #shown = 0;
  #drawn = false;

  constructor(err: Output, now: () => Date, quiet: boolean) {
    this.#err = err;
    this.#now = now;
    this.#quiet = quiet;
  }

  readonly report: Progress = (step, unit, done, total) => {
    if (this.#quiet) return;
    const at = this.#now().getTime() / 1000;
    if (step !== this.#step) {
      this.clear();
      this.#step = step;
      this.#began = at;
      this.#shown = at;
    }
    const terminal = this.#err.isTerminal;
    if (at - this.#shown < (terminal ? REDRAW_SECONDS : LINE_SECONDS)) return;
    this.#shown = at;
    const line = progressLine({ step, unit, done, total, seconds: at - this.#began }, terminal);
    this.#drawn = terminal;
    void this.#err.write(terminal ? `\r\u001b[K${line.slice(0, this.#err.columns - 1)}` : `${line}\n`);
  };

  /** Takes the bar off the screen, before anything else is written or at the end. */
  clear(): void {
    if (this.#drawn) void this.#err.write("\r\u001b[K");
    this.#drawn = false;
  }
}
