/** H10: ten times the rows in the same memory. */
import { join } from "node:path";
import { empty, importedLogs, linesInput, memory, memoryRatio, ours, withoutTables, wroteRows } from "../job.mjs";
import { IDENTITY } from "./history.mjs";

function steps(name, rows, input, { work }) {
  const project = join(work, name);
  const [imported, inferred, exported] = ["import", "infer", "export"].map((step) => `${step} ${name}`);
  return [
    ours(imported, project, ["import", input, ...IDENTITY], {
      prepare: empty(project),
      expect: importedLogs(rows / 1000),
    }),
    ours(inferred, project, ["infer", "--write"]),
    ours(exported, project, ["export"], { prepare: withoutTables(project), expect: wroteRows("history", rows) }),
  ];
}

export function memoryJob(context) {
  const { history: few, manyHistory: many } = context.sizes;
  const input = context.input(linesInput("H10", "history", many));
  return {
    name: "H10",
    title: `${many.toLocaleString("en")} history rows`,
    input,
    commands: [
      ...steps("few", few, context.input(linesInput("H", "history", few)), context),
      ...steps("many", many, input, context),
    ],
    labels: { "import few": `${few.toLocaleString("en")} rows`, "export few": `${few.toLocaleString("en")} rows` },
    claims: [
      memory("peak of import", "import many", 1),
      memoryRatio("peak of import", "import many", "import few", 1.3),
      memory("peak of export", "export many", 1),
      memoryRatio("peak of export", "export many", "export few", 1.3),
    ],
  };
}
