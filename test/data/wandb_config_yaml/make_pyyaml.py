"""config.yaml texts as Python clients wrote them, with the values they were written from: one JSON object a line.

Usage: python make_pyyaml.py SEED COUNT > pyyaml.jsonl, with PyYAML 6. The first lines hold each tricky value by itself,
the others are random configs. Written as wandb/wandb_config.py (0.8, 0.9) and wandb/sdk/lib/config_util.py (0.10 to 0.17)
do; lines whose YAML PyYAML itself does not read back are left out.
"""

import json
import math
import random
import sys

import yaml

STRINGS = """1e-5 1e5 1.5e3 1e-05 1e+25 0o17 017 08 09.5 1_000 1_0.5 0b11 0x1F 0X1F 12:30:45 1:20.5 190:20:30.15 +1 -0 1. .5 +.5 -.5e3
yes No on OFF y n Y N ~ null Null NULL none None true TRUE True false t f .inf -.inf +.inf .Inf .nan .NaN NaN Infinity inf
2020-01-01 2020-1-1T1:1:1Z 2001-12-14t21:59:43.10-05:00 << = 1.0e5 1.0e+5 0 00 0. - -- --- ... ? : 1__0 _1 1_ 0x 0b e5 & * ! | > % @ ` # [ ] { } ,
'a' "b" a:b a#b !x &x *x %x @x 0o 0O17 0B1 1e 1e+ 00.5 1,000 1.0.0 v1.0 3.10""".split()
STRINGS += ["", " ", "a ", " a", "a: b", "a #b", "- a", "? a", "two\nlines", "ends\n", "\nstarts", "a\n\nb", "a\n  b", "tab\there", "\u00e9", "\u0085x",
            "a\u2028b", "a\u2029\nb", "\ufeffx", "\x00", "\x1b[0m", "\u200b", "\U0001f680", "\ud800", "word " * 40, "x" * 200, "2020-01-01 10:00:00", "c:\\d",
            "a\rb", "\\", "it's", 'say "x"', "null ", "true\n", "{a: 1}", "[1]", "a, b", "key: |\n  x"]
NUMBERS = [0, 1, -1, 2**31, 2**53 + 1, 2**63, 2**70, -(2**64), 0.0, -0.0, 1.0, 0.1, 1e-5, 1.5e-7, 1e16, 1e15, 1e25, 1.8446744073709552e19, 1e300, 5e-324, 1e-4,
           123456789.123, 1 / 3, math.inf, -math.inf, math.nan]
PIECES = list("abcXYZ019._-+:,#&*!|>'\"%@`{}[]?~=<\\/\t\n") + ["\u00e9", "\u00a0", "\U0001f680", "\x07", " ", "  ", ": ", " #", "- ", "1e", "yes", "null", "\u2028"]


def text(rng):
    if rng.random() < 0.4:
        return rng.choice(STRINGS)
    return "".join(rng.choice(PIECES) for _ in range(rng.choice([1, 3, 8, 20, 120])))


def value(rng, depth=0):
    kind = rng.random()
    if depth > 3 or kind < 0.4:
        return text(rng)
    if kind < 0.65:
        return rng.choice(NUMBERS + [True, False, None])
    if kind < 0.8:
        return [value(rng, depth + 1) for _ in range(rng.randint(0, 4))]
    return {text(rng): value(rng, depth + 1) for _ in range(rng.randint(0, 4))}


def written(config, rng):
    wrapped = {key: {"desc": None, "value": item} for key, item in config.items()}
    options = rng.choice([{"allow_unicode": True}, {"allow_unicode": True, "sort_keys": False}, {}])
    return "wandb_version: 1\n\n" + yaml.dump(wrapped, Dumper=yaml.SafeDumper, default_flow_style=False, **options)


def main(seed, count):
    rng = random.Random(seed)
    singles = [{f"k{i}": item} for i, item in enumerate(STRINGS + NUMBERS + [True, False, None, [], {}, [[]], {"a": {}}])]
    singles += [{key: 1} for key in STRINGS if key not in ("wandb_version",)]
    singles += [{"k": {7: "int", True: "bool", None: "null", 1.5: "float"}}]
    configs = singles + [{text(rng): value(rng) for _ in range(rng.randint(1, 6))} for _ in range(count)]
    for config in configs:
        dumped = written(config, rng)
        if reads_back(dumped, config):
            print(json.dumps({"yaml": dumped, "config": config}))


def reads_back(dumped, config):
    try:
        back = {key: item["value"] for key, item in yaml.safe_load(dumped).items() if key != "wandb_version"}
    except yaml.YAMLError:
        return False
    return back == config or json.dumps(back) == json.dumps(config)  # NaN is not itself


main(int(sys.argv[1]), int(sys.argv[2]))
