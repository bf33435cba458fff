#!/usr/bin/env python3
"""Write lib/value/power_table.c: 128-bit approximations of 5^q for q in [-342, 324].

Each entry is 5^q scaled by a power of two so that bit 127 is set: cut off for q >= 0,
and the reciprocal rounded up for q < 0, as Lemire, "Number parsing at a gigabyte per
second" (2021), section 5 asks. Parsing needs q up to 308, printing up to 324. Exact
integer arithmetic; the output is deterministic.
"""

import pathlib
import sys

SMALLEST, LARGEST = -342, 324  # as in lib/value/power_table.h


def entry(q: int) -> int:
    if q >= 0:
        power = 5**q
        shift = power.bit_length() - 128
        return power >> shift if shift >= 0 else power << -shift
    power = 5**-q
    bits = power.bit_length() + 127
    value = (1 << bits) // power + 1
    while value >= 1 << 128:
        value >>= 1
    return value


def main() -> None:
    root = pathlib.Path(__file__).resolve().parent.parent
    lines = [
        '#include "value/power_table.h"',
        "",
        "/* Written by scripts/make_power_table.py; do not edit. */",
        "const uint64_t power_of_five[POWER_LARGEST - POWER_SMALLEST + 1][2] = {",
    ]
    for q in range(SMALLEST, LARGEST + 1, 2):
        row = []
        for p in range(q, min(q + 2, LARGEST + 1)):
            value = entry(p)
            row.append(f"{{ 0x{value >> 64:016x}, 0x{value & (2**64 - 1):016x} }},")
        lines.append("\t" + " ".join(row))
    lines += ["};", ""]
    text = "\n".join(lines)
    target = root / "lib/value/power_table.c"
    if "--check" in sys.argv[1:]:
        sys.exit(0 if target.read_text() == text else f"{target} is not what this script writes")
    target.write_text(text)


if __name__ == "__main__":
    main()
