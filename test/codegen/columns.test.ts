import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { columnsMarkdown } from "../../src/codegen/columns.js";
import { familyExample } from "../../src/codegen/family-example.js";
import { codeSpan, escapeMarkdown, markdownTable } from "../../src/codegen/markdown.js";
import type { Family } from "../../src/plan/plan.js";
import { HOSTILE, SMALL_PLAN, widePlan } from "./plans.js";

const family = (path: Family["path"]): Family => ({ blob: "history", path, values: [] });

/** Bars that end a cell: not escaped. */
const bars = (line: string): number => line.replace(/\\\|/g, "").split("|").length - 1;

/** The tables of a Markdown text, each as its lines. */
function tables(markdown: string): string[][] {
  return markdown
    .split("\n\n")
    .map((part) => part.trimEnd().split("\n"))
    .filter(([first]) => first?.startsWith("| "));
}

describe("Markdown", () => {
  const spans: Record<string, string> = {
    abc: "`abc`",
    "a`b": "``a`b``",
    "`a`": "`` `a` ``",
    " a": "`  a `",
    "a\nb": '`"a\\nb"`',
    "\u0007": "`\\u0007`",
    "": "` `",
  };
  for (const [text, want] of Object.entries(spans)) {
    it(`code of ${JSON.stringify(text)}`, () => expect(codeSpan(text)).toBe(want));
  }

  const texts: Record<string, string> = {
    "a_b and _c_": "a_b and \\_c\\_",
    "`x|y` stays code, *this* does not": "`x|y` stays code, \\*this\\* does not",
    "a ` b": "a \\` b",
    "<b>bold</b>": "\\<b>bold\\</b>",
    "[x](http://y)": "\\[x\\](http://y)",
    "R&D &amp; &#35;": "R&D \\&amp; \\&#35;",
    "two\n\nlines": "two lines",
  };
  for (const [text, want] of Object.entries(texts)) {
    it(`text ${JSON.stringify(text)}`, () => expect(escapeMarkdown(text)).toBe(want));
  }

  it("gives every row as many cells as the head, whatever the texts", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: "binary" }), fc.string()), { minLength: 1 }), (rows) => {
        const text = markdownTable<[string, string]>(
          [
            { title: "Code", cell: ([code]) => codeSpan(code) },
            { title: "Text", cell: ([, words]) => escapeMarkdown(words) },
          ],
          rows,
        );
        const lines = text.split("\n");
        expect(lines).toHaveLength(rows.length + 2);
        for (const line of lines) expect(bars(line)).toBe(3);
      }),
    );
  });

  it("leaves out a column that may be empty and is", () => {
    const columns = [
      { title: "A", cell: (row: { a: string; b: string }) => row.a },
      { title: "B", cell: (row: { a: string; b: string }) => row.b, optional: true },
    ];
    expect(markdownTable(columns, [{ a: "1", b: "" }])).toBe("| A |\n| --- |\n| 1 |");
    expect(markdownTable(columns, [{ a: "1", b: "2" }])).toContain("| A | B |");
    expect(markdownTable(columns, [])).toBe("");
  });
});

describe("example of a family", () => {
  const gpu = {
    pattern: "^system\\.(?<component>gpu)\\.(?<device>\\d+)\\.(?<metric>.+)$",
    template: "system.{component}.{device}.{metric}",
  };

  it("takes literals, numbers and names", () => {
    expect(familyExample(family([gpu]))).toEqual({
      path: ["system.gpu.0.metric"],
      keys: { component: "gpu", device: "0", metric: "metric" },
    });
  });

  it("walks literal keys and several patterns", () => {
    const layer = { pattern: "^(?<layer>enc|dec)$", template: "{layer}" };
    expect(familyExample(family(["norms", layer, { pattern: "^w(?<n>[0-9])$", template: "w{n}" }]))).toEqual({
      path: ["norms", "enc", "w0"],
      keys: { layer: "enc", n: "0" },
    });
  });

  it("is none where a group cannot be guessed", () => {
    expect(familyExample(family([{ pattern: "^(?<x>[q-s]{7}!)$", template: "{x}" }]))).toBeUndefined();
  });

  it("is none where an earlier family takes it", () => {
    expect(familyExample(family([gpu]), [family([{ pattern: "^system", template: "" }])])).toBeUndefined();
  });
});

describe("columns.md", () => {
  const small = columnsMarkdown(SMALL_PLAN);

  it("has the same bytes for the same plan", () => expect(columnsMarkdown(structuredClone(SMALL_PLAN))).toBe(small));

  it("names every column, residual and serialized path with its reason", () => {
    for (const table of SMALL_PLAN.tables) {
      for (const { name } of [...table.columns, ...table.residuals]) {
        expect(small).toContain(codeSpan(name).replaceAll("|", "\\|"));
      }
    }
    for (const { blob, path, reason } of SMALL_PLAN.serialized) {
      expect(small).toContain(`| ${codeSpan(`${blob} ${path}`)} | ${codeSpan(reason)} |`);
    }
    expect(small).toContain("| `runs` | `config_old` | 999 |");
  });

  it("gives unit, source path, since and the small print of a column", () => {
    const line = small.split("\n").find((text) => text.startsWith('| `say "hi"`'));
    expect(line).toContain("| 1/s |");
    expect(line).toContain(`| ${escapeMarkdown(HOSTILE).replaceAll("|", "\\|")}<br><sub>Until 0.20.</sub> |`);
    expect(line).toContain("| `` config /a~1b~0\\|`c` `` | 0.18 |");
    expect(small).toContain("<sub>Sensitive. Formerly `mail`, `e\\|mail`.</sub>");
    expect(small).toContain("<sub>Source: W&B API Run.state.</sub>");
  });

  it("shows a family by its pattern and an example row", () => {
    expect(small).toContain('`/system.gpu.0.metric` → `component = "gpu"`, `device = "0"`, `metric = "metric"`');
  });

  it("shows a short table as one table", () => expect(small).not.toContain("### `system_metrics`: Key"));

  it("links only to places that are there, each once", () => {
    for (const text of [small, columnsMarkdown(widePlan(900))]) {
      const places = [...text.matchAll(/<a id="([^"]+)">/g)].map((found) => found[1]);
      const links = [...text.matchAll(/\]\(#([^)]+)\)/g)].map((found) => found[1]);
      expect(new Set(places).size).toBe(places.length);
      expect(links.filter((link) => !places.includes(link))).toEqual([]);
    }
  });

  it("keeps every table whole", () => {
    for (const lines of tables(small)) {
      expect(new Set(lines.map(bars)).size).toBe(1);
    }
    expect(tables(small).length).toBeGreaterThan(6);
  });

  it("tells 900 columns apart by the beginnings of their paths, and loses none", () => {
    const text = columnsMarkdown(widePlan(900));
    expect(text).toContain("    - [`train/`](#runs-config-train.2f): 150");
    expect(text).toContain("#### `val/` (300 columns)");
    for (let i = 0; i < 900; i++) expect(text).toMatch(new RegExp(`\\| \`(metric|train_loss|val_loss)_${i}\` \\|`));
  });
});
