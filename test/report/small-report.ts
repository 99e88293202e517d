import { readFileSync } from "node:fs";
import type { Finding } from "../../src/finding.js";
import type { RunFact } from "../../src/report/facts.js";
import { buildReport } from "../../src/report/report.js";
import { profileOf, type Sample } from "../profile/infer-profile.js";
import { planProject } from "../profile/infer-project.js";

const read = (name: string): string => readFileSync(new URL(`../cases/report/${name}`, import.meta.url), "utf8");

interface SmallData {
  readonly runs: readonly RunFact[];
  readonly samples: readonly Sample[];
  readonly examples: Record<string, string>;
  readonly findings: readonly Finding[];
}

/** A small project with something of everything: promoted, serialized, misfits, families, undeclared paths, findings. */
export const data = JSON.parse(read("data.json")) as SmallData;
export const { plan } = planProject(
  new Map(["config.schema.json", "history-row.schema.json"].map((file) => [`schemas/${file}`, read(file)])),
);
export const profile = profileOf(data.samples.map((item) => ({ ...item, entity: "acme" })));
export const report = buildReport({
  plan,
  profile,
  runs: data.runs,
  findings: data.findings,
  examples: new Map(Object.entries(data.examples)),
});
