/** The table of results, as Markdown that lines up. */

const MB = 1e6;

const usageText = ({ wall, cpu, peak }) => `${wall.toFixed(2)} s, CPU ${cpu.toFixed(2)} s, ${Math.round(peak / MB)} MB`;

function resultText(result) {
  if (result.failed !== undefined) return `failed: ${result.failed}`;
  if (result.skipped !== undefined) return `skipped: ${result.skipped}`;
  return usageText(result);
}

function otherText(job, claim, results) {
  if (claim.other === undefined) return "";
  const command = job.commands.find(({ id }) => id === claim.other);
  const label = job.labels?.[claim.other] ?? command.label ?? claim.other;
  return `${label}: ${resultText(results.get(claim.other))}`;
}

/** One claim: `{job, ours, against, figure, target, verdict}` as texts. */
export function claimRow(job, claim, results) {
  const own = results.get(claim.own);
  const other = claim.other === undefined ? undefined : results.get(claim.other);
  const isKnown = own.wall !== undefined && (claim.other === undefined || other.wall !== undefined);
  const value = isKnown ? claim.value(own, other) : undefined;
  const verdict = () => {
    if (claim.target === undefined) return "";
    if (own.failed !== undefined) return "MISSED";
    if (value === undefined) return "no comparison";
    return claim.target.isMet(value) ? "met" : "MISSED";
  };
  return {
    job: `${job.name} ${claim.what}`,
    ours: resultText(own),
    against: otherText(job, claim, results),
    figure: value === undefined ? "" : claim.show(value),
    target: claim.target?.text ?? "",
    verdict: verdict(),
  };
}

const HEADS = { job: "job", ours: "ours", against: "against", figure: "figure", target: "target", verdict: "" };

export function tableText(rows) {
  const names = Object.keys(HEADS);
  const width = (name) => Math.max(...[HEADS, ...rows].map((row) => row[name].length));
  const widths = Object.fromEntries(names.map((name) => [name, width(name)]));
  const line = (row) => `| ${names.map((name) => row[name].padEnd(widths[name])).join(" | ")} |`;
  const rule = `|${names.map((name) => "-".repeat(widths[name] + 2)).join("|")}|`;
  return [line(HEADS), rule, ...rows.map(line)].join("\n");
}
