"""How long `forewarn --help` takes against bare Python; run: python benchmarks/startup.py (target: at most 10)."""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

ROUNDS = 25


def seconds(command: list[str]) -> float:
    """Return the wall time of one run."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    """Take turns and print the medians and their ratio."""
    bare = [sys.executable, "-c", "pass"]
    ours = [str(Path(sys.executable).with_name("forewarn")), "--help"]
    pairs = [(seconds(bare), seconds(ours)) for _ in range(ROUNDS)]
    floor, taken = (median(times) for times in zip(*pairs, strict=True))
    print(f"bare Python {1000 * floor:.1f} ms, forewarn --help {1000 * taken:.1f} ms, ratio {taken / floor:.2f}")


if __name__ == "__main__":
    main()
