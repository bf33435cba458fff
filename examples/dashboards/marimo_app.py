"""marimo run examples/dashboards/marimo_app.py"""

import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo
    import shmpub
    from shmpub.ext.marimo import live

    newest = live(shmpub.subscribe("quotes"))
    return mo, newest


@app.cell
def _(mo, newest):
    snap = newest()
    mo.vstack(
        [
            mo.plain_text(f"sequence {snap.sequence}, highest bid {snap.df['bid'].max():.2f}"),
            mo.plain(snap.df.tail()),
        ]
    ) if snap else mo.plain_text("no snapshot yet")
    return


if __name__ == "__main__":
    app.run()
