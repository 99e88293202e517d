import { describe, expect, it } from "vitest";
import { explainText } from "../../src/output/explain-text.js";
import { PLAIN_TEXT } from "../../src/output/layout.js";
import { type Answer, explain } from "../../src/report/explain.js";
import { plan, report } from "./small-report.js";

function brief(answer: Answer): string {
  switch (answer.kind) {
    case "column":
      return `${answer.table}.${answer.column.name} ${answer.origin}${answer.formerly === undefined ? "" : ` formerly ${answer.formerly}`}`;
    case "serialized":
      return `${answer.blob}${answer.path} ${answer.reason}${answer.decidedBy === undefined ? "" : ` by ${answer.decidedBy}`}`;
    case "residual":
      return `${answer.table}.${answer.column} residual of ${answer.blob}`;
    case "member":
      return `${answer.seen.blob}${answer.seen.path} row of ${answer.table}.${answer.column}`;
    case "container":
      return `${answer.blob}${answer.path} container ${answer.promoted}/${answer.serialized}`;
    case "retired":
      return `${answer.table}.${answer.name} retired ${answer.id}`;
  }
}

describe("a query means", () => {
  it.each([
    ["config_learning_rate", ["runs.config_learning_rate path"]],
    ["runs.config_learning_rate", ["runs.config_learning_rate path"]],
    ["config_lr", ["runs.config_learning_rate path formerly config_lr"]],
    ["runs.config_lr", ["runs.config_learning_rate path formerly config_lr"]],
    ["/lr", ["runs.config_learning_rate path"]],
    ["config/lr", ["runs.config_learning_rate path"]],
    ["config:/lr", ["runs.config_learning_rate path"]],
    ["config: /lr", ["runs.config_learning_rate path"]],
    ["config /lr", ["runs.config_learning_rate path"]],
    ["config.lr", ["runs.config_learning_rate path"]],
    [" config/lr ", ["runs.config_learning_rate path"]],
    ["config.opt.name", ["runs.config_opt_name path"]],
    ["train/loss", ["history.train_loss path"]],
    ["history/train~1loss", ["history.train_loss path"]],
    ["history/train/loss", ["history.train_loss path"]],
    ["summary/train/loss", []],
    ["train_loss", ["history.train_loss path"]],
    ["history_long.train_loss", ["history.train_loss path"]],
    ["history_struct.metrics.train_loss", ["history.train_loss path"]],
    ["history_struct.step", ["history.step key"]],
    ["history_long.value", ["history_long.value computed"]],
    ["history_long.metric", ["history_long.metric key"]],
    ["history_struct.metrics", ["history container 3/6"]],
    ["config/opt", ["config/opt type-conflict"]],
    ["config/secret/token", ["config/secret/token sensitive by /secret"]],
    ["config_secret_token", ["config/secret/token sensitive by /secret"]],
    ["config/layers", ["config/layers undeclared"]],
    ["config_layers", ["config/layers undeclared"]],
    ["layer.0.loss", ["history/layer.0.loss row of layers.value"]],
    ["config_residual", ["runs.config_residual residual of config"]],
    [
      "run_id",
      ["runs.run_id key", "history.run_id key", "system_metrics.run_id key", "layers.run_id key", "misfits.run_id key"],
    ],
    ["runs.history_rows", ["runs.history_rows computed"]],
    ["layers.value", ["layers.value family"]],
    ["config/_wandb", ["config/_wandb container 0/0"]],
    ["history", ["history container 3/6"]],
    ["", []],
    ["/", []],
    ["config", ["sweeps.config path"]],
  ])("%j", (query, want) => {
    expect(explain(plan, report, query).answers.map(brief)).toEqual(want);
  });

  it("a column of the long history, whatever metrics are called", () => {
    const metric = (id: number, name: string) => ({
      ...{ id, name, type: "float64" as const, description: "", blob: "history" as const, path: `/${name}` },
    });
    const tables = plan.tables.map((table) =>
      table.name === "history"
        ? {
            ...table,
            columns: [...table.columns, metric(9001, "value"), metric(9002, "metric"), metric(9003, "metrics")],
          }
        : table,
    );
    const odd = { ...plan, tables };
    expect(explain(odd, report, "history_long.value").answers.map(brief)).toEqual(["history_long.value computed"]);
    expect(explain(odd, report, "history_long.metric").answers.map(brief)).toEqual(["history_long.metric key"]);
    expect(explain(odd, report, "history_struct.metrics").answers.map(brief)).toEqual(["history container 3/6"]);
    expect(explain(odd, report, "history_struct.metrics.value").answers.map(brief)).toEqual(["history.value path"]);
  });

  it("a retired name, never a column again", () => {
    const retired = { ...plan, retired: [{ id: 7, table: "runs", name: "config_gone" }] };
    expect(explain(retired, report, "config_gone").answers.map(brief)).toEqual(["runs.config_gone retired 7"]);
  });

  it.each([
    ["config_lerning_rate", "config_learning_rate"],
    ["/los", "train_loss"],
    ["summary/train/loss", "train_loss"],
    ["config/sed", "config/seed"],
  ])("%j is nothing, but suggests %j", (query, want) => {
    const { answers, suggestions } = explain(plan, report, query);
    expect(answers).toEqual([]);
    expect(suggestions).toContain(want);
    expect(suggestions.length).toBeLessThanOrEqual(5);
  });

  it.each(["", "x".repeat(5000), "\u0000\u001b[2J", "config/~2", "zzzzqqqq"])(
    "%j is nothing and breaks nothing",
    (query) => {
      const explanation = explain(plan, report, query);
      expect(explanation.answers).toEqual([]);
      expect(explainText(explanation, PLAIN_TEXT)).toMatch(/^[^\p{Cc}]*(\n[^\p{Cc}]*)*$/u);
    },
  );
});

it("as text", async () => {
  const queries = [
    "config_lr",
    "config/opt",
    "config/secret/token",
    "config/layers",
    "layer.0.loss",
    "history",
    "config_lerning_rate",
    "runs.run_id",
    "config_residual",
  ];
  const texts = queries.map(
    (query) => `$ wandb-columns explain ${query}\n${explainText(explain(plan, report, query), PLAIN_TEXT)}`,
  );
  await expect(texts.join("\n")).toMatchFileSnapshot("../cases/report/explain.txt");
});
