"""Compares what dbt read from sources.yml with the plan that it was made from.

usage: dbt_sources.py MANIFEST PLAN      (dbt's target/manifest.json, generated/plan.json)

Every table and column must be there, with the words of its description; every key column must have a not-null test, and
every table with a key one test that no key is there twice.
"""

import json
import re
import sys


def read(path):
    with open(path, encoding="utf-8", errors="surrogatepass") as file:
        return json.load(file)


def words(text):
    """What a description says: U+0000 and lone surrogates are spelled as in JSON, white space does not count."""
    spelled = re.sub("[\0\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)
    return " ".join(spelled.split())


def tests_of(manifest):
    found = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] != "test":
            continue
        (source,) = node["depends_on"]["nodes"]
        kwargs = node["test_metadata"]["kwargs"]
        found.setdefault(source, set()).add((node["test_metadata"]["name"], kwargs["column_name"].replace('"', "")))
    return found


def table_problems(table, source, tests):
    name = table["name"]
    if source is None:
        yield f"{name}: dbt knows no such table"
        return
    wanted = {column["name"]: column["description"] for column in table["columns"]}
    names = [*wanted, *(residual["name"] for residual in table["residuals"])]
    if list(source["columns"]) != names:
        yield f"{name}: other columns: {set(names) ^ set(source['columns'])}"
    for column, description in wanted.items():
        got = words(source["columns"].get(column, {}).get("description", ""))
        if not got.startswith(words(description)):
            yield f"{name}.{column}: described as {got!r}, wanted {words(description)!r}"
    key = table["key"]
    expected = {("not_null", column) for column in key}
    if key:
        expected.add(("unique", key[0] if len(key) == 1 else f"({', '.join(key)})"))
    if tests != expected:
        yield f"{name}: other tests: {tests ^ expected}"


def main(manifest_file, plan_file):
    manifest, plan = read(manifest_file), read(plan_file)
    sources = {source["name"]: source for source in manifest["sources"].values()}
    tests = tests_of(manifest)
    found = []
    for table in plan["tables"]:
        source = sources.get(table["name"])
        found += table_problems(table, source, tests.get(source and source["unique_id"], set()))
    for line in found[:20]:
        print(line, file=sys.stderr)
    count = sum(len(group) for group in tests.values())
    print(f"{len(found)} differences in {len(plan['tables'])} tables, {count} tests")
    sys.exit(1 if found or count == 0 else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
