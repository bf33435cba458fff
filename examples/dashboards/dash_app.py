"""uvicorn --app-dir examples/dashboards dash_app:server"""

from typing import Any

import shmpub
from dash import Dash, dash_table, html
from shmpub.ext.dash import live

feed = shmpub.subscribe("quotes")
app = Dash(__name__, backend="fastapi", websocket_callbacks=True)
app.layout = html.Div([html.H1("Quotes"), html.Pre(id="caption"), dash_table.DataTable(id="table")])
server = app.server


@live(feed)
def show(snap: shmpub.Snapshot) -> dict[str, dict[str, Any]]:
    caption = f"sequence {snap.sequence}, highest bid {snap.df['bid'].max():.2f}"
    rows = snap.df.tail().astype(str).to_dict("records")
    return {"caption": {"children": caption}, "table": {"data": rows}}
