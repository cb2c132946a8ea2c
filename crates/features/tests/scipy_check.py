"""Compares statistics with those of NumPy and SciPy.

Reads lines of JSON from standard input: `values` are integers, `units` of which make one unit of
the statistics that stand beside them. Says what differs, and fails if something does.
"""

import json
import sys

import numpy as np
from scipy import stats

RELATIVE = 1e-9


def expected(values: np.ndarray) -> dict[str, float | None]:
    result: dict[str, float | None] = {"count": len(values), "sum": float(np.sum(values))}
    some = len(values) > 0
    spread = some and np.ptp(values) > 0
    mean = np.mean(values) if some else 0.0
    result["mean"] = mean if some else None
    result["std"] = np.std(values) if some else None
    result["var"] = np.var(values) if some else None
    result["min"] = np.min(values) if some else None
    result["max"] = np.max(values) if some else None
    result["range"] = np.ptp(values) if some else None
    result["median"] = np.median(values) if some else None
    result["skew"] = stats.skew(values) if spread else None
    result["kurt"] = stats.kurtosis(values) if spread else None
    result["cv"] = stats.variation(values) if mean != 0 else None
    return result


def main() -> int:
    compared = different = 0
    for line in sys.stdin:
        case = json.loads(line)
        # Integers divided once: the floats nearest to the exact values.
        values = np.array([value / case["units"] for value in case["values"]], dtype=np.float64)
        # A sum of floats is off by what it is a sum of, not by what comes out.
        scale = float(np.max(np.abs(values), initial=0.0))
        for name, theirs in expected(values).items():
            ours = case[name]
            compared += 1
            if ours is None or theirs is None:
                close = ours is None and theirs is None
            else:
                absolute = {"skew": 1e-9, "kurt": 1e-9, "cv": 1e-9}.get(name, 1e-9 * scale)
                absolute = absolute * scale if name == "var" else absolute
                close = abs(ours - theirs) <= max(RELATIVE * abs(theirs), absolute)
            if not close:
                different += 1
                sys.stderr.write(f"{case['name']}{name}: ours {ours}, theirs {theirs}\n")
    sys.stdout.write(f"{compared} statistics compared with NumPy and SciPy, {different} different\n")
    return 1 if different or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
