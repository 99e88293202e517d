"""Runs the pandas recipes of a document and compares them with the tables that it shows.

usage: run_recipes.py DOCUMENT FOLDER

FOLDER has wandb/ and export/, as the document assumes; the document's own schema and commands make the projects. Each
```python block leaves a DataFrame `result`; its cells must be those of the Markdown table under the same heading. A number
is the same within nine digits; NULL and NaN are one, as pandas has them.
"""

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas


def sections(text):
    """Heading, blocks by language, and table of each section."""
    for part in re.split(r"^(?=#+ )", text, flags=re.M):
        blocks = re.findall(r"^```(\w*)\n(.*?)^```$", part, flags=re.M | re.S)
        outside = re.sub(r"^```.*?^```$", "", part, flags=re.M | re.S)
        rows = [line for line in outside.splitlines() if re.fullmatch(r"\|.*\|", line)]
        table = [[cell.strip() for cell in row[1:-1].split("|")] for row in rows if not re.fullmatch(r"[|: -]+", row)]
        yield part.splitlines()[0] if part else "", blocks, table


def prepare(blocks):
    """Writes the schema and runs the commands of the section that makes the projects."""
    for language, text in blocks:
        if language == "json":
            json.loads(text)
            Path("digits/schemas").mkdir(parents=True)
            Path("digits/schemas/history-row.schema.json").write_text(text, encoding="utf-8")
        for command in re.findall(r"^\$ (.*)$", text, flags=re.M) if language == "console" else []:
            subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL)


def same(want, got):
    if got is None or got is pandas.NA or got is pandas.NaT or (isinstance(got, float) and math.isnan(got)):
        return want in ("NULL", "NaN")
    try:
        return math.isclose(float(want), float(got), rel_tol=1e-9)
    except (TypeError, ValueError):
        return want == str(got)


def differences(table, result):
    head, *rows = table
    if head != list(result.columns):
        yield f"columns {list(result.columns)}, shown are {head}"
    cells = result.astype(object).values.tolist()
    if len(cells) != len(rows):
        yield f"{len(cells)} rows, shown are {len(rows)}"
    for number, (want, got) in enumerate(zip(rows, cells)):
        if len(want) != len(got) or not all(map(same, want, got)):
            yield f"row {number}: {got}, shown is {want}"


def main(document, folder):
    text = Path(document).read_text(encoding="utf-8")
    os.chdir(folder)
    problems, recipes = [], 0
    for title, blocks, table in sections(text):
        if title == "## The project":
            prepare(blocks)
        for block in [block for language, block in blocks if language == "python"]:
            recipes += 1
            names = {}
            exec(compile(block, title, "exec"), names)
            problems += [f"{title}: {difference}" for difference in differences(table, names["result"])]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(problems)} differences in {recipes} recipes in pandas {pandas.__version__}")
    sys.exit(1 if problems or recipes == 0 else 0)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
