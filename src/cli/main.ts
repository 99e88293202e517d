#!/usr/bin/env node
import { realEffects } from "./effects.js";
import { INTERRUPTED } from "./failure.js";
import { run } from "./run.js";

const abort = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (abort.signal.aborted) process.exit(INTERRUPTED);
    abort.abort();
  });
}

process.exitCode = await run(process.argv.slice(2), realEffects(abort.signal));
