"""Runs in the booted Debian: a reader that stays, and a writer of the source that it reads.

reader.py write FILE  writes versions of FILE until it is killed, each a whole file, renamed
reader.py read FEED   takes every table it can get, checks that it is whole, prints its version

A reader also keeps the first table, and checks at the end that it is as it was. It ends with the
first line on standard input.
"""

import os
import select
import sys
import time

ROWS = 2000


def write(path: str) -> None:
    version = 0
    while True:
        version += 1
        rows = "".join(f"{version},{row},{version * row}\n" for row in range(ROWS))
        with open(f"{path}.new", "w") as file:
            file.write(f"version,row,product\n{rows}")
        os.replace(f"{path}.new", path)
        time.sleep(0.05)


def check(df) -> int:
    version = int(df.version.iloc[0])
    assert len(df) == ROWS and (df.version == version).all()
    assert (df["product"] == df.version * df.row).all()
    return version


def read(name: str) -> None:
    import shmpub

    feed = shmpub.subscribe(name)
    first, last, n = None, 0, 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        try:
            if not feed.wait(timeout=0.2):
                continue
            df = feed.df
        except (shmpub.InstanceNotFound, shmpub.FeedNotFound, shmpub.NotPublished):
            continue
        version = check(df)
        assert version >= last, f"{version} after {last}"
        if first is None:
            first, was = df, df.copy(deep=True)
        n, last = n + (version > last), version
        print(version, flush=True)
    assert first.equals(was), "the table in hand has changed"
    print(f"end {n}", flush=True)


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](sys.argv[2])
