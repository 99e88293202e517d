"""One run of an old W&B client, without a server. Usage: WANDB_MODE=dryrun WANDB_RUN_ID=ID python train_old.py HOW

HOW is finished, failed or killed.
"""

import os
import signal
import sys
import time
from collections import OrderedDict

import wandb

config = OrderedDict(
    [
        ("lr", 1e-05),
        ("momentum", 0.9),
        ("epochs", 3),
        ("seed", 2**53 + 1),
        ("huge", 2**70),
        ("scale", 1e25),
        ("limit", float("inf")),
        ("floor", -float("inf")),
        ("ratio", float("nan")),
        ("flag", True),
        ("resume", None),
        ("betas", (0.9, 0.999)),
        ("layers", [64, 32.0, "out", None]),
        ("optimizer", {"name": "adamw", "sched": {"warmup": 50}, "a.b": 1, 7: "seven"}),
        ("lr_text", "1e-05"),
        ("switch", "off"),
        ("version", "1.10"),
        ("octal", "0o17"),
        ("zip", "08"),
        ("clock", "12:30:45"),
        ("date", "2020-01-01"),
        ("grouped", "1_000"),
        ("yes", "y"),
        ("tilde", "~"),
        ("nothing", ""),
        ("text", "two lines\nand a: colon # no comment\n"),
        ("unicode", u"caf\u00e9 \U0001f680"),
        ("long", "word " * 30),
    ]
)
run = wandb.init(project="old-fixtures", config=dict(config), job_type="train", **(
    {"name": "sunny", "notes": "by an old client"} if hasattr(wandb, "login") or wandb.__version__ > "0.7.5" else {}
))
for step in range(4):
    wandb.log(
        {
            "loss": 1.0 / (step + 1),
            "train/acc": step * 0.25,
            "count": 2**60 + step,
            "nested": {"x": step},
            "bad": float("nan") if step == 2 else 0.5,
            "top": float("inf"),
            "note": u"caf\u00e9",
        }
    )
wandb.run.summary["best"] = 0.25
time.sleep(4)
if sys.argv[1] == "failed":
    sys.exit(3)
if sys.argv[1] == "killed":
    os.system("touch killed-now; sleep 30")
