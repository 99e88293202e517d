import { flatten } from "./flatten.js";
import { jsonFiles } from "./json-files.js";
import { parquet } from "./parquet.js";
import type { Target } from "./target.js";
import { tokenizer } from "./tokenizer.js";
import { wandbLog } from "./wandb-log.js";

/** Everything that is fuzzed. */
export const TARGETS: readonly Target[] = [wandbLog, tokenizer, flatten, parquet, jsonFiles];
