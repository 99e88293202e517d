"""Compares what `wandb-columns rebuild` printed with what W&B's own classes read from the logs, value by value.

usage: same_payloads.py REBUILT.jsonl EXPECTED.json…      (one expected.json for each run)

Shares no code with wandb-columns. Integers must be equal digit by digit, other numbers as the same decimal or the same
double, keys and types exactly, history rows and system events in order. A non-finite number may be a bare token or a
string. Of the config, `_wandb` is left out: the importer adds to it what a log says in other places.
"""

import json
import sys
from decimal import Decimal

NON_FINITE = ("NaN", "Infinity", "-Infinity")


class Token:
    """A number as it is spelled."""

    def __init__(self, text):
        self.text = text

    def same(self, other):
        if self.text == other.text:
            return True
        if self.text in NON_FINITE or other.text in NON_FINITE:
            return False
        if Decimal(self.text) == Decimal(other.text) and self.negative() == other.negative():
            return True
        is_integer = self.text.lstrip("-").isdigit()
        return not is_integer and float(self.text) == float(other.text)

    def negative(self):
        return self.text.startswith("-")

    def __repr__(self):
        return self.text


def parse(text):
    value = json.loads(text, parse_int=Token, parse_float=Token, parse_constant=Token)
    return as_numbers(value)


def as_numbers(value):
    """Strings that spell a non-finite number become that number."""
    if isinstance(value, dict):
        return {key: as_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_numbers(item) for item in value]
    return Token(value) if isinstance(value, str) and value in NON_FINITE else value


def differences(want, got, path=""):
    if isinstance(want, dict) and isinstance(got, dict):
        for key in list(want) + [key for key in got if key not in want]:
            here = f"{path}/{key}"
            if key not in got:
                yield f"{here}: lost {want[key]!r}"
            elif key not in want:
                yield f"{here}: extra {got[key]!r}"
            else:
                yield from differences(want[key], got[key], here)
    elif isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        for i, (a, b) in enumerate(zip(want, got)):
            yield from differences(a, b, f"{path}/{i}")
    elif isinstance(want, Token) and isinstance(got, Token):
        if not want.same(got):
            yield f"{path}: want {want!r}, got {got!r}"
    elif type(want) is not type(got) or want != got:
        yield f"{path}: want {want!r}, got {got!r}"


def tree(items):
    """The object that has these values: each a path and an exact JSON text."""
    root = {}
    for path, text in items:
        node = root
        for key in path[:-1]:
            node = node.setdefault(key, {})
        node[path[-1]] = parse(text)
    return root


class Run:
    """The records of one run that rebuild printed."""

    def __init__(self):
        self.record, self.history, self.events = {}, [], []


def read_rebuilt(file):
    runs = {}
    with open(file, encoding="utf-8", errors="surrogatepass") as lines:
        for line in lines:
            record = parse(line)
            run = runs.setdefault(record["run_id"], Run())
            if record["kind"] == "run":
                run.record = record
            elif record["kind"] == "history":
                run.history.append(record["row"])
            elif record["kind"] == "system_event":
                run.events.append({key: value for key, value in record["row"].items() if key.startswith("system.")})
    return runs


def true_history(rows):
    """Rows in order of step; those of one step stay as they were logged."""
    found = []
    for row in rows:
        items = tree(row["items"])
        if row["step"] is not None:
            items.setdefault("_step", Token(row["step"]))
        found.append(items)
    return sorted(found, key=lambda items: int(items["_step"].text))


def compare_rows(kind, want, got):
    if len(want) != len(got):
        yield f" {kind}: want {len(want)} rows, got {len(got)}"
    for i, (a, b) in enumerate(zip(want, got)):
        for difference in differences(a, b):
            yield f" {kind} {i}{difference}"


def compare_run(expected, run):
    without_own = [item for item in expected["config"] if item[0][0] != "_wandb"]
    config = {key: value for key, value in run.record.get("config", {}).items() if key != "_wandb"}
    for difference in differences(tree(without_own), config):
        yield f" config{difference}"
    for difference in differences(tree(expected["summary"]), run.record.get("summary", {})):
        yield f" summary{difference}"
    if expected["environment"]:
        environment = parse(json.dumps(expected["environment"]))
        for difference in differences(environment, run.record.get("system_info", {})):
            yield f" system_info{difference}"
    yield from compare_rows("history", true_history(expected["history"]), run.history)
    events = [tree([[[f"system.{key}"], text] for key, text in stat["items"]]) for stat in expected["stats"]]
    yield from compare_rows("system_event", events, run.events)


def main(rebuilt, expected_files):
    runs = read_rebuilt(rebuilt)
    found, rows = [], 0
    for file in expected_files:
        with open(file, encoding="utf-8") as text:
            expected = json.load(text)
        run_id = expected["run"]["run_id"]
        rows += len(expected["history"])
        if run_id not in runs or not runs[run_id].record:
            found.append(f"{run_id}: the run is missing")
            continue
        found += [f"{run_id}{difference}" for difference in compare_run(expected, runs[run_id])]
    for line in found[:20]:
        print(line, file=sys.stderr)
    print(f"{len(found)} differences in {len(expected_files)} runs with {rows} history rows")
    sys.exit(1 if found or rows == 0 else 0)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
