"""shiny run examples/dashboards/shiny_app.py"""

from typing import Any

import pandas as pd
import shmpub
from shiny import App, Inputs, Outputs, Session, render, ui
from shmpub.ext.shiny import live

feed = shmpub.subscribe("quotes")
page = ui.page_fluid(
    ui.h1("Quotes"), ui.output_text_verbatim("caption"), ui.output_data_frame("table")
)


def server(input: Inputs, output: Outputs, session: Session) -> Any:
    newest = live(feed, session)

    @render.text
    def caption() -> str:
        snap = newest()
        return f"sequence {snap.sequence}, highest bid {snap.df['bid'].max():.2f}"

    @render.data_frame
    def table() -> pd.DataFrame:
        return newest().df.tail()


app = App(page, server)
