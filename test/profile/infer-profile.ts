import type { BlobName } from "../../src/blob.js";
import { HAZARD, type Profile } from "../../src/profile/profile.js";
import { Profiler } from "../../src/profile/profiler.js";

/** One blob of one run, as JSON text. */
export interface Sample {
  readonly blob: BlobName;
  readonly text: string;
  readonly run?: string;
  readonly project?: string;
  readonly entity?: string;
}

/** The profile of some blobs; each is a run of its own (r0, r1, …) unless it names one. A text must be usable. */
export function profileOf(samples: readonly Sample[]): Profile {
  const profiler = new Profiler();
  samples.forEach(({ blob, text, run, project = "project", entity = "entity" }, i) => {
    profiler.beginRun({ entity, project, run_id: run ?? `r${i}` });
    const bytes = new TextEncoder().encode(text);
    const hazards = profiler.scan(blob, bytes, 0, bytes.length);
    if ((hazards & (HAZARD.REFUSED | HAZARD.DUPLICATE_KEY)) !== 0) throw new Error(`Sample ${i} is unusable: ${text}`);
  });
  return profiler.finish();
}
