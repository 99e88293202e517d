"""Logs the runs of this folder with W&B's SDK (wandb 0.31.0), offline: two learning rates, three seeds each, and one run
that diverged.

usage: python make_runs.py      (in an empty folder; W&B writes ./wandb)
"""

import math
import os
import subprocess
import sys

import wandb

os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_PROJECT="digits", WANDB_SWEEP_ID="lr5weep1")
SETTINGS = wandb.Settings(
    x_disable_stats=True, x_disable_meta=True, x_disable_machine_info=True, console="off", host="gpu-node", program="train.py"
)
TASKS = {"arc": 0.25, "gsm": 0.1, "mmlu": 0.3}
STEPS = 40


def log_run(lr, seed, diverges):
    config = {
        "lr": lr,
        "seed": seed,
        "batch_size": 32,
        "model": "tiny",
        "optimizer": {"name": "adam", "betas": [0.9, 0.999]},
    }
    run = wandb.init(
        name=f"lr={lr} seed={seed}", group=f"lr={lr}", job_type="train", config=config, settings=SETTINGS
    )
    for step in range(STEPS):
        noise = 0.02 * math.sin(3 * step + seed)
        loss = 2.0 * math.exp(-3 * lr * step) + 0.1 + noise
        row = {"loss": math.nan if diverges and step > 20 else round(loss, 6)}
        if step % 3 == 0:
            row["grad_norm"] = round(1 + abs(noise) * 10, 6)
        if step % 10 == 9:
            row["eval/loss"] = math.nan if diverges and step > 20 else round(loss + 0.05, 6)
            for place, (task, base) in enumerate(TASKS.items()):
                row[f"eval/{task}/acc"] = round(min(0.95, base + 0.05 * step * lr * (place + 1)) + noise, 6)
        run.log(row)
    run.finish(exit_code=1 if diverges else 0)


def main():
    if len(sys.argv) > 1:
        lr, seed = float(sys.argv[1]), int(sys.argv[2])
        log_run(lr, seed, diverges=lr >= 1)
        return
    for lr, seed in [(lr, seed) for lr in (0.01, 0.1) for seed in (1, 2, 3)] + [(1.0, 1)]:
        # In a sweep the SDK takes the run id from the environment, once a process.
        environment = {**os.environ, "WANDB_RUN_ID": f"lr{lr}-seed{seed}"}
        subprocess.run([sys.executable, __file__, str(lr), str(seed)], check=True, env=environment)


if __name__ == "__main__":
    main()
