"""CSV texts for tests: a row of the table for each thing in which frames may differ."""

from __future__ import annotations

from typing import Any

import pandas as pd

# Label, CSV text, options of pandas.read_csv.
CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("very many names and no rows", ",".join(f"c{i}" for i in range(300)) + "\n", {}),
    ("ints", "a,b\n1,-2\n3,9223372036854775807\n", {}),
    ("uint64", "a\n18446744073709551615\n3\n", {}),
    ("floats", "a,b\n1.5,2\n-0.0,1e300\ninf,\n", {}),
    ("int with NA", "a,b\n1,\n,2\n", {}),
    ("bool", "a\nTrue\nFalse\nTrue\n", {}),
    ("bool of nine rows", "a\n" + "True\nFalse\nTrue\n" * 3, {}),
    ("bool with NA", "a,b\nTrue,1\n,2\nFalse,3\n", {}),
    ("beyond 64 bits", "a\n99999999999999999999\n-1\n", {}),
    ("beyond 64 bits with NA", "a,b\n99999999999999999999,1\n,2\n", {}),
    ("text", "a,b\nx,1\nyy,2\n,3\n", {}),
    ("text beyond ASCII", "a,b\né,1\n日本,2\n🙂x,3\n", {}),
    ("empty text", 'a,b\n"",1\nx,2\n', {"keep_default_na": False}),
    ("all NA", "a,b\n,\n,\n", {}),
    ("header only", "a,b,c\n", {}),
    ("header only, index", "a,b,c\n", {"index_col": 0}),
    ("header only, two levels", "a,b,c\n", {"index_col": [0, 1]}),
    ("header only, text asked for", "a,b\n", {"dtype": {"a": "str", "b": "float64"}}),
    ("one cell", "a\n1\n", {}),
    ("mixed", "a,b,c,d,e\n1,1.5,x,True,7\n2,2.5,y,False,8\n3,,,True,9\n", {}),
    ("dates", "t,x\n2020-01-01,1\n2021-02-03,2\n", {"parse_dates": ["t"]}),
    ("dates with NaT", "t,x\n2020-01-01,1\n,2\n", {"parse_dates": ["t"]}),
    ("nanoseconds", "t\n2020-01-01 00:00:00.123456789\n", {"parse_dates": ["t"]}),
    ("UTC", "t,x\n2020-01-01 00:00:00Z,1\n,2\n", {"parse_dates": ["t"]}),
    ("offset", "t,x\n2020-01-01 00:00:00+02:00,1\n,2\n", {"parse_dates": ["t"]}),
    ("offset to the west", "t\n2020-01-01 00:00:00-05:30\n", {"parse_dates": ["t"]}),
    ("two of each date", "s,t\n2020-01-01,2020-01-02\n", {"parse_dates": ["s", "t"]}),
    ("index of ints", "i,a,b\n5,1,2\n3,4,5\n", {"index_col": "i"}),
    ("index of ints at no one distance", "i,a\n5,1\n3,2\n0,3\n", {"index_col": "i"}),
    ("index of ints, distance only at the ends", "i,a\n0,1\n1,2\n1,3\n3,4\n", {"index_col": "i"}),
    ("index of one int", "i,a\n5,1\n", {"index_col": "i"}),
    ("index of equal ints", "i,a\n5,1\n5,2\n", {"index_col": "i"}),
    ("index of uint64", "i,a\n18446744073709551615,1\n18446744073709551614,2\n", {"index_col": 0}),
    (
        "index from end to end",
        "i,a\n-9223372036854775808,1\n9223372036854775807,2\n",
        {"index_col": 0},
    ),
    ("index in the middle", "a,i,b\n1,5,2\n4,3,5\n", {"index_col": "i"}),
    ("index of floats", "i,a\n5,1\n,2\n", {"index_col": "i"}),
    ("index of text", "i,a\nx,1\ny,2\n", {"index_col": 0}),
    ("index of text with NA", "i,a\nx,1\n,2\n", {"index_col": 0}),
    ("index of dates", "t,a\n2020-01-01,1\n2020-01-02,2\n", {"index_col": 0, "parse_dates": [0]}),
    ("index of UTC", "t,a\n2020-01-01 00:00:00Z,1\n", {"index_col": 0, "parse_dates": [0]}),
    ("index of bools", "i,a\nTrue,1\nFalse,2\n", {"index_col": 0}),
    ("index of bools with NA", "i,a\nTrue,1\n,2\n", {"index_col": 0}),
    ("index beyond 64 bits", "i,a\n99999999999999999999,1\n2,2\n", {"index_col": 0}),
    ("index of categories", "i,a\nx,1\ny,2\nx,3\n", {"index_col": 0, "dtype": {"i": "category"}}),
    ("two levels", "i,j,a\n1,x,2\n1,y,3\n", {"index_col": ["i", "j"]}),
    ("levels in another order", "i,j,a\n1,x,2\n1,y,3\n", {"index_col": ["j", "i"]}),
    ("unnamed level", "a,b\n1,2,3\n4,5,6\n", {}),
    ("two unnamed levels", "a\n1,2,3\n4,5,6\n", {}),
    ("only an index", "a,b\n1,2\n3,4\n", {"index_col": [0, 1]}),
    ("no header", "1,2,x\n3,4,y\n", {"header": None}),
    ("no header, index", "1,2,x\n3,4,y\n", {"header": None, "index_col": 0}),
    ("category of text", "a,b\nx,1\ny,2\n,3\nx,4\n", {"dtype": {"a": "category"}}),
    ("category without NA", "a,b\nx,1\ny,2\nx,4\n", {"dtype": {"a": "category"}}),
    ("category of ints", "a\n3\n1\n3\n", {"dtype": "category"}),
    ("category of floats", "a,b\n3.5,1\n1,1\n,2\n", {"dtype": {"a": "category"}}),
    ("category of bools", "a\nTrue\nFalse\n", {"dtype": "category"}),
    ("200 categories", "a\n" + "".join(f"v{i}\n" for i in range(200)) * 2, {"dtype": "category"}),
    ("128 categories", "a\n" + "".join(f"v{i}\n" for i in range(128)), {"dtype": "category"}),
    ("40000 categories", "a\n" + "".join(f"v{i}\n" for i in range(40000)), {"dtype": "category"}),
    ("category, all NA", "a,b\n,1\n,2\n", {"dtype": {"a": "category"}}),
    ("names", "a,a,\n1,2,3\n", {}),
    ("wide", ",".join(f"c{i}" for i in range(300)) + "\n" + ",".join(["1"] * 300) + "\n", {}),
]

# What the frame is differs from pandas 3.0's own: it is the one that read_csv of pandas 3.1 makes.
# And with a new NumPy, pandas 3.0 warns of an overflow of its own.
NOT_AS_IN_3_0 = {
    "index of uint64",
    "index from end to end",
    "category of ints",
    "category of floats",
    "category of bools",
}
if pd.__version__.startswith("3.0."):
    CASES = [case for case in CASES if case[0] not in NOT_AS_IN_3_0]
