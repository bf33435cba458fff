"""What other libraries do with frames: drawing, compiling, learning, tensors, Arrow.

A function for each; its library is in OTHERS. `scripts/test client.others` installs those that the
other tests do not have.
"""

from __future__ import annotations

import copy
import hashlib
import io
import pickle
import sqlite3
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

Doing = Callable[[pd.DataFrame], Any]
OTHERS: list[tuple[Doing, str]] = []


def by(library: str) -> Callable[[Doing], Doing]:
    def add(do: Doing) -> Doing:
        OTHERS.append((do, library))
        return do

    return add


# --- files, learning, compiling, tensors, Arrow ---------------------------------------------------


@by("pyarrow")
def parquet(frame: pd.DataFrame) -> pd.DataFrame:
    out = io.BytesIO()
    frame.drop(columns="maybe").to_parquet(out)
    return pd.read_parquet(out)


@by("pyarrow")
def feather(frame: pd.DataFrame) -> pd.DataFrame:
    out = io.BytesIO()
    frame.drop(columns="maybe").reset_index().to_feather(out)
    return pd.read_feather(out)


@by("sqlite3")
def sql(frame: pd.DataFrame) -> pd.DataFrame:
    connection = sqlite3.connect(":memory:")
    frame.to_sql("t", connection)
    found = pd.read_sql("select * from t", connection)
    connection.close()
    return found


@by("pyarrow")
def arrow(frame: pd.DataFrame) -> pd.DataFrame:
    import pyarrow as pa

    return pa.table(frame.drop(columns="maybe")).to_pandas()


@by("sklearn")
def scaled_in_place(frame: pd.DataFrame) -> Any:
    from sklearn.preprocessing import StandardScaler

    return StandardScaler(copy=False).fit_transform(frame[["low", "high"]])


@by("sklearn")
def scaled_whole_frame_in_place(frame: pd.DataFrame) -> Any:
    from sklearn.preprocessing import MinMaxScaler

    numbers = frame.select_dtypes("float64").drop(columns="part")
    return MinMaxScaler(copy=False).fit_transform(numbers)


@by("sklearn")
def imputed_in_place(frame: pd.DataFrame) -> Any:
    from sklearn.impute import SimpleImputer

    return SimpleImputer(copy=False).fit_transform(frame[["low", "part"]])


@by("sklearn")
def forest(frame: pd.DataFrame) -> Any:
    from sklearn.ensemble import RandomForestRegressor

    x, y = frame[["low", "size"]], frame["high"]
    return RandomForestRegressor(3, random_state=0, n_jobs=1).fit(x, y).predict(x)


@by("sklearn")
def regression(frame: pd.DataFrame) -> Any:
    from sklearn.linear_model import LinearRegression

    x, y = frame[["low", "size"]], frame["high"]
    return LinearRegression(copy_X=False).fit(x, y).coef_


@by("sklearn")
def nearest(frame: pd.DataFrame) -> Any:
    from sklearn.cluster import KMeans

    numbers = frame[["low", "high"]]
    return KMeans(3, random_state=0, copy_x=False, n_init=1).fit(numbers).labels_


@by("numba")
def compiled(frame: pd.DataFrame) -> Any:
    import numba

    total = numba.njit(lambda x: x.sum())
    return total(frame["low"].to_numpy())


@by("numba")
def compiled_that_writes(frame: pd.DataFrame) -> Any:
    import numba

    @numba.njit
    def write(x: Any) -> None:
        x[0] = 1.0

    write(frame["low"].to_numpy())


@by("torch")
def tensor(frame: pd.DataFrame) -> Any:
    import torch

    return torch.from_numpy(frame["low"].to_numpy()).sum().item()


@by("torch")
def tensor_of_a_matrix(frame: pd.DataFrame) -> Any:
    import torch

    return torch.tensor(frame[["low", "high"]].to_numpy()).mean(0).tolist()


@by("torch")
def tensor_of_a_copy_that_is_written(frame: pd.DataFrame) -> Any:
    import torch

    made = torch.from_numpy(frame["low"].to_numpy(copy=True))
    made.add_(1)
    return made.sum().item()


@by("numba")
def rolling_by_numba(frame: pd.DataFrame) -> Any:
    return frame["low"].rolling(5).mean(engine="numba").to_frame()


@by("numba")
def groups_by_numba(frame: pd.DataFrame) -> Any:
    return frame.groupby("size")["low"].mean(engine="numba").to_frame()


@by("numba")
def compiled_over_rows(frame: pd.DataFrame) -> Any:
    import numba

    @numba.njit
    def best(low: Any, high: Any) -> float:
        most = 0.0
        for n in range(len(low)):
            most = max(most, high[n] - low[n])
        return most

    return best(frame["low"].to_numpy(), frame["high"].to_numpy())


@by("pickle")
def pickled(frame: pd.DataFrame) -> Any:
    return pickle.loads(pickle.dumps(frame))


@by("copy")
def copied_deeply(frame: pd.DataFrame) -> Any:
    return copy.deepcopy(frame)


@by("pyarrow")
def grouped_by_arrow(frame: pd.DataFrame) -> Any:
    import pyarrow as pa

    table = pa.Table.from_pandas(frame[["size", "low"]], preserve_index=False)
    return table.group_by("size").aggregate([("low", "sum")]).sort_by("size").to_pylist()


@by("pyarrow")
def filtered_by_arrow(frame: pd.DataFrame) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    table = pa.Table.from_pandas(frame[["low", "name", "kind"]])
    return table.filter(pc.field("low") > 60).to_pandas()


@by("polars")
def polars_of_a_frame(frame: pd.DataFrame) -> Any:
    import polars as pl

    made = pl.from_pandas(frame[["low", "size", "name", "when"]])
    return made.group_by("size").agg(pl.col("low").sum()).sort("size").rows()


@by("duckdb")
def sql_over_the_frame(frame: pd.DataFrame) -> Any:
    import duckdb

    numbers = frame[["size", "low", "note"]]
    assert len(numbers)
    return duckdb.sql(
        "select size, sum(low), max(note) from numbers group by 1 order by 1"
    ).fetchall()


@by("scipy")
def correlated(frame: pd.DataFrame) -> Any:
    from scipy import stats

    return np.array(stats.linregress(frame["low"], frame["high"])[:3])


@by("scipy")
def sorted_by_a_tree(frame: pd.DataFrame) -> Any:
    from scipy.spatial import KDTree

    return KDTree(frame[["low", "high"]]).query(frame[["low", "high"]].iloc[:5], 3)[0]


@by("sklearn")
def principal_components(frame: pd.DataFrame) -> Any:
    from sklearn.decomposition import PCA

    return abs(PCA(2, copy=False).fit_transform(frame[["low", "high", "size"]]))


@by("sklearn")
def split_and_encoded(frame: pd.DataFrame) -> Any:
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import OneHotEncoder

    part, _ = train_test_split(frame[["kind", "name"]], random_state=0)
    return OneHotEncoder().fit_transform(part).toarray()


@by("sklearn")
def a_pipeline_of_columns(frame: pd.DataFrame) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import OrdinalEncoder, StandardScaler

    made = ColumnTransformer(
        [("n", StandardScaler(copy=False), ["low", "high"]), ("t", OrdinalEncoder(), ["name"])]
    )
    return made.set_output(transform="pandas").fit_transform(frame)


@by("sklearn")
def classified(frame: pd.DataFrame) -> Any:
    from sklearn.tree import DecisionTreeClassifier

    x = frame[["low", "high"]]
    return DecisionTreeClassifier(random_state=0).fit(x, frame["flag"]).predict(x).astype(int)


# --- drawing --------------------------------------------------------------------------------------


def drawn(draw: Callable[[Any, pd.DataFrame], Any]) -> Doing:
    """A picture's bytes, as a hash."""

    def do(frame: pd.DataFrame) -> str:
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt

        figure, axes = plt.subplots()
        draw(axes, frame)
        out = io.BytesIO()
        figure.savefig(out, format="png", metadata={"Software": None})
        plt.close("all")
        return hashlib.sha1(out.getvalue()).hexdigest()

    do.__name__ = draw.__name__
    return do


def lines(axes: Any, frame: pd.DataFrame) -> None:
    frame[["low", "high"]].plot(ax=axes)


def points(axes: Any, frame: pd.DataFrame) -> None:
    axes.scatter(frame["low"], frame["high"], c=frame["size"])


def bars(axes: Any, frame: pd.DataFrame) -> None:
    frame["kind"].value_counts().plot.bar(ax=axes)


def dates(axes: Any, frame: pd.DataFrame) -> None:
    axes.plot(frame["when"], frame["low"])


def histogram(axes: Any, frame: pd.DataFrame) -> None:
    frame["low"].plot.hist(ax=axes, bins=9)


for _draw in (lines, points, bars, dates, histogram):
    by("matplotlib")(drawn(_draw))


def seaborn_lines(axes: Any, frame: pd.DataFrame) -> None:
    import seaborn

    seaborn.lineplot(frame.reset_index(), x="size", y="low", hue="kind", ax=axes, seed=0)


def seaborn_boxes(axes: Any, frame: pd.DataFrame) -> None:
    import seaborn

    seaborn.boxplot(frame, x="kind", y="low", ax=axes)


def seaborn_map(axes: Any, frame: pd.DataFrame) -> None:
    import seaborn

    seaborn.heatmap(frame[["low", "high", "size", "part"]].corr(), ax=axes)


for _draw in (seaborn_lines, seaborn_boxes, seaborn_map):
    by("seaborn")(drawn(_draw))
