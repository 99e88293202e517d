"""Imported by every peer: when it ends, writes what it took, as usage.mjs does."""

import atexit
import json
import os
import re
import resource
import sys


def peak_bytes(usage):
    if sys.platform != "linux":
        return usage.ru_maxrss
    with open("/proc/self/status", encoding="utf8") as status:
        return int(re.search(r"^VmHWM:\s+(\d+) kB", status.read(), re.M)[1]) * 1024


@atexit.register
def write():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    with open(os.environ["BENCH_USAGE"], "w", encoding="utf8") as file:
        json.dump({"cpu": usage.ru_utime + usage.ru_stime, "peak": peak_bytes(usage)}, file)
