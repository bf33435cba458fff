"""Statements that users run on frames: those that write into one, and those that read one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

ROWS = 400
OPTIONS: dict[str, Any] = {
    "index_col": "t",
    "parse_dates": ["t", "when", "zoned"],
    "dtype": {"kind": "category", "grade": "category"},
}


def _csv() -> str:
    lines = ["t,low,high,size,count,part,name,note,kind,grade,flag,maybe,when,zoned"]
    for i in range(ROWS):
        low = 50 + (i * 37 % 101) / 4
        note = "" if i % 9 == 4 else "é" * (i % 4) + "x"
        cells = [
            f"2024-03-01 09:{i // 60:02}:{i % 60:02}",
            *[low, low + i % 7 / 8, i * 11 % 97, i % 13],
            *["" if i % 5 == 0 else i / 16, f"{'abcdef'[i % 6]}{i % 17}", note],
            *["" if i % 11 == 3 else ("red", "green", "blue")[i % 3], i % 4],
            *[i % 3 == 0, "" if i % 8 == 1 else i % 2 == 0],
            *[f"2023-01-{i % 28 + 1:02}", f"2023-05-{i % 28 + 1:02} 12:00:00Z"],
        ]
        lines.append(",".join(map(str, cells)))
    return "\n".join(lines) + "\n"


CSV = _csv()

Doing = Callable[[pd.DataFrame], Any]


def statement(text: str) -> Doing:
    """Run statements on the frame `d`; returns what `d` is at their end."""
    code = compile(text, text, "exec")

    def do(frame: pd.DataFrame) -> pd.DataFrame:
        names = {"d": frame, "pd": pd, "np": np}
        exec(code, names)
        return names["d"]  # type: ignore[return-value]

    return do


def value(text: str) -> Doing:
    code = compile(text, text, "eval")
    return lambda frame: eval(code, {"d": frame, "pd": pd, "np": np})


WRITES = [
    "d['new'] = 1",
    "d['low'] = 0.0",
    "d['low'] += 1",
    "d['name'] = 'n'",
    "d['kind'] = d['kind'].cat.rename_categories(str.upper)",
    "d['kind'] = d['kind'].cat.add_categories(['white']); d.iloc[0, 7] = 'white'",
    "d['when'] = d['when'] + pd.Timedelta('1D')",
    "d['low'] = d['low'].mask(d['low'] > 60)",
    "d['part'] = d['part'].fillna(0)",
    "d['note'] = d['note'].str.replace('x', 'y')",
    "d[['low', 'high']] = d[['high', 'low']].to_numpy()",
    "d.loc[d['low'] > 60, 'high'] = -1.0",
    "d.loc[d.index[3], 'note'] = 'changed'",
    "d.loc[d.index[:9], 'name'] = ['k'] * 9",
    "d.loc[d.index[3], 'size'] = 2.5",
    "d.loc[:, 'low'] = 7.0",
    "d.loc[:, 'zoned'] = pd.NaT",
    "d.loc[d['flag'], 'flag'] = False",
    "d.loc[d.index[3]] = d.iloc[4]",
    "d.loc[pd.Timestamp('2030-01-01')] = d.iloc[0]",
    "d.iloc[0:9, 1] = 9.5",
    "d.iloc[5, 2] = 7",
    "d.iloc[3, 9] = True",
    "d.iloc[3, 10] = True",
    "d.iloc[3, 11] = pd.Timestamp('2020-01-01')",
    "d.iloc[3, 12] = pd.Timestamp('2020-01-01', tz='UTC')",
    "d.iloc[3, 7] = 'red'",
    "d.iloc[:, 0] = np.arange(len(d))",
    "d.iloc[3] = d.iloc[4]",
    "d.iat[0, 1] = 3.5",
    "d.at[d.index[0], 'low'] = 3.5",
    "d.sort_values('low', inplace=True, kind='stable')",
    "d.sort_index(ascending=False, inplace=True)",
    "d.fillna({'note': 'x', 'part': 0.0}, inplace=True)",
    "d.dropna(inplace=True)",
    "d.drop_duplicates(['kind', 'count'], inplace=True)",
    "d.drop(columns=['low', 'note'], inplace=True)",
    "d.rename(columns={'low': 'L'}, inplace=True)",
    "d.reset_index(inplace=True); d.loc[3, 't'] = pd.Timestamp('2020-01-01')",
    "d.set_index('size', inplace=True); d.sort_index(inplace=True, kind='stable')",
    "d.replace({'low': {55.25: 0.0}}, inplace=True)",
    "d.replace('red', 'RED')",
    "d.clip(upper={'low': 60.0, 'high': 60.0}, axis=1)",
    "d[['low', 'high']] = d[['low', 'high']].clip(55, 60)",
    "d[['low', 'high']].where(d['flag'], 0.0, inplace=True)",
    "d['low'].clip(0, 10, inplace=True)",
    "x = d[['low', 'high']]; x.where(x > 60, 0.0, inplace=True); d = x",
    "x = d[['low', 'part']]; x.mask(x > 60, 0.0, inplace=True); d = x",
    "x = d[['low', 'part']]; x.interpolate(inplace=True); d = x",
    "x = d[['low', 'part', 'note']]; x.ffill(inplace=True); d = x",
    "x = d[['low', 'part', 'note']]; x.bfill(inplace=True, limit=1); d = x",
    "d.update(pd.DataFrame({'low': [1.0]}, index=d.index[:1]))",
    "d.eval('spread = high - low', inplace=True)",
    "d.query('low > 60', inplace=True)",
    "d.insert(0, 'first', np.arange(len(d)))",
    "del d['high']",
    "d.pop('high')",
    "d.columns = [c.upper() for c in d.columns]",
    "d.index = range(len(d))",
    "d.index.name = 'x'; d.columns.name = 'y'",
    "d.attrs['x'] = 1",
    "d.flags.allows_duplicate_labels = True",
    "s = d['low']; s.iloc[0] = -7.0; d = pd.DataFrame({'s': s, 'd': d['low']})",
    "s = d['low']; d.iloc[0, 0] = -5.0; d = pd.DataFrame({'s': s, 'd': d['low']})",
    "s = d['note']; s.iloc[0] = 'me'; d = pd.DataFrame({'s': s, 'd': d['note']})",
    "s = d['kind']; s.iloc[0] = 'red'; d = pd.DataFrame({'s': s, 'd': d['kind']})",
    "s = d['zoned']; s.iloc[0] = pd.NaT; d = pd.DataFrame({'s': s, 'd': d['zoned']})",
    "s = d['flag']; s[:] = True; d = pd.DataFrame({'s': s, 'd': d['flag']})",
    "s = pd.Series(d.index); s.iloc[0] = pd.Timestamp('2020-01-01'); d['s'] = s.to_numpy()",
    "s = d.index.to_series(); s.iloc[0] = pd.Timestamp('2020-01-01'); d['s'] = s",
    "x = d.copy(); x.iloc[0, 1] = 0.0",
    "x = d.copy(deep=False); x.iloc[0, 1] = 0.0",
    "x = d[d.columns]; x.iloc[0, 1] = 0.0",
    "x = d.iloc[2:9]; x.iloc[0, 1] = 0.0; d = x",
    "x = d.iloc[::-2, ::-1]; x.iloc[0, 0] = pd.NaT; d = x",
    "x = d[['low', 'high']].T; x.iloc[0, 0] = 5.0; d = x",
    "x = d['low'].rename('z'); x.iloc[0] = 5.0; d = x.to_frame()",
    "x = d['low'].astype('float64', copy=False); x.iloc[0] = 5.0; d = x.to_frame()",
    "x = d.reset_index(drop=True); x.iloc[0, 0] = 5.0; d = x",
    "x = d.set_axis(range(len(d))); x.iloc[0, 0] = 5.0; d = x",
    "x = d.infer_objects(); x.iloc[0, 0] = 5.0; d = x",
    "x = d.squeeze(); x.iloc[0, 0] = 5.0; d = x",
    "x = next(iter(d.groupby('size')))[1]; x.iloc[0, 0] = 5.0; d = x",
    "x = pd.concat([d, d['low'].rename('again')], axis=1); x.iloc[0, 0] = 5.0; d = x",
    "x = pd.DataFrame(d); x.iloc[0, 0] = 5.0; d = x",
    "x = pd.DataFrame(d.to_numpy()); x.iloc[0, 0] = 5.0",
    "x = pd.Series(d['low'].to_numpy(copy=True)); x.iloc[0] = 5.0; d = x.to_frame()",
    "x = d['low'].to_numpy(copy=True); x[:] = 0",
    "np.add(d['low'], 1, out=np.empty(len(d)))",
    "d['low'].to_numpy()[0] = 1.0",
    "d[['low', 'high']].values[0, 0] = 1.0",
    "np.asarray(d['size'])[0] = 1",
    "d.index.to_numpy()[0] = 0",
    "d['kind'].cat.codes.iloc[0] = 1",
]

VALUES = [
    "d.drop(columns=['low'])",
    "d.astype({'low': 'float32', 'size': 'int32', 'flag': 'int8', 'note': 'category'})",
    "pd.concat([d, d])",
    "d.reset_index().merge(d.groupby('kind', observed=True)['low'].mean().rename('m'), on='kind')",
    "d.merge(d.iloc[:20], on='name', how='outer')",
    "d.join(d[['low']].rename(columns={'low': 'l2'}))",
    "pd.merge_asof(d[['low']], d[['high']], left_index=True, right_index=True)",
    "d.groupby('kind', observed=True).agg({'low': ['mean', 'max'], 'note': 'nunique'})",
    "d.groupby('kind', observed=True)['low'].transform('mean').to_frame()",
    "d.groupby(['name', 'kind'], observed=True)['part'].sum().unstack()",
    "d.groupby('size')[['low', 'part']].agg(['first', 'last', 'median', 'std', 'nunique'])",
    "d.groupby('size')[['low', 'high']].cumsum()",
    "d.groupby('size')[['low', 'high']].rank()",
    "d.groupby('size')['part'].ffill().to_frame()",
    "d.groupby('size').head(2)",
    "d.groupby(pd.qcut(d['low'], 4), observed=True)['size'].sum().to_frame()",
    "d.resample('1min').agg({'low': 'mean', 'size': 'sum'})",
    "d['low'].resample('30s').ohlc()",
    "d['low'].rolling('30s').mean().to_frame()",
    "d[['low', 'part']].rolling(7, min_periods=1).agg(['sum', 'std', 'max', 'median'])",
    "d[['low', 'high']].ewm(3).mean()",
    "d[['low', 'high']].expanding().var()",
    "d[['low', 'high']].rolling(9).corr()",
    "d.pivot_table(index='kind', columns='flag', values='low', observed=True)",
    "pd.crosstab(d['kind'], d['flag'])",
    "d[['low', 'high']].apply(lambda r: r.sum(), axis=1).to_frame()",
    "d[['low', 'high']].map(lambda x: x + 1)",
    "d['note'].str.upper().to_frame()",
    "d['note'].str.contains('é').to_frame()",
    "d['note'].str.split('x', expand=True)",
    "d['name'].value_counts().to_frame()",
    "d['when'].dt.day_name().to_frame()",
    "d['zoned'].dt.tz_convert('Europe/Berlin').to_frame()",
    "d.tz_localize('UTC').tz_convert('Asia/Tokyo')",
    "d['when'].dt.floor('7D').to_frame()",
    "d.query(\"low > 60 and kind == 'red'\")",
    "d.assign(spread=lambda x: x.high - x.low)",
    "d.head(50).assign(l=[[1, 2]] * 50).explode('l')",
    "d.reset_index().melt(id_vars=['t'], value_vars=['low', 'high'])",
    "d[['low', 'high']].stack().to_frame()",
    "d[['low', 'high', 'size']].T",
    "d[['low', 'size', 'part']].diff()",
    "d.shift(3)",
    "d['low'].shift(freq='1min').to_frame()",
    "d.describe(include='all')",
    "d[['low', 'high', 'size']].corr('spearman')",
    "d[['low', 'high', 'part']].cov()",
    "d[['low', 'part']].quantile([0.1, 0.5])",
    "d.convert_dtypes()",
    "d.reset_index().reindex(range(5, 50))",
    "d.reindex(d.index[::3].append(pd.DatetimeIndex(['2031-01-01'])), method='ffill')",
    "d['part'].interpolate().to_frame()",
    "pd.cut(d['low'], 5).to_frame()",
    "d.sample(100, random_state=1)",
    "d.nlargest(10, 'low')",
    "d.rank(numeric_only=True)",
    "d.isna()",
    "d == d",
    "d.duplicated(['kind', 'size']).to_frame()",
    "d['low'].searchsorted(55.0)",
    "d.sort_values(['kind', 'note', 'low'], na_position='first')",
    "d['name'].isin(['a0', 'b1']).to_frame()",
    "d['name'].map({'a0': 1, 'b1': 2}).to_frame()",
    "pd.get_dummies(d[['kind', 'flag']])",
    "d.select_dtypes('number').to_numpy().sum()",
    "d.select_dtypes('number').mode()",
    "d['low'].to_numpy().flags.writeable",
    "d.to_csv()",
    "d.head(50).to_json()",
    "d.head(9).to_html()",
    "d.head(50).to_dict('records')",
    "[tuple(row) for row in d.itertuples()]",
    "[(i, list(row)) for i, row in d.iterrows()]",
    "d.to_records().tolist()",
    "pd.util.hash_pandas_object(d).to_frame()",
    "d.memory_usage(index=False)[['low', 'when']].to_frame()",
    "d.info()",
    "d.index.get_indexer(d.index[::-1])",
    "d.loc['2024-03-01 09:01']",
    "d.between_time('09:01', '09:02')",
    "d.compare(d.assign(low=0.0))",
    "d.to_period('min')",
]
