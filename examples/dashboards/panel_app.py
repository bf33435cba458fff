"""panel serve examples/dashboards/panel_app.py"""

import panel as pn
import shmpub
from shmpub.ext.panel import live

feed = shmpub.subscribe("quotes")


def draw(snap: shmpub.Snapshot) -> pn.Column:
    caption = f"sequence {snap.sequence}, highest bid {snap.df['bid'].max():.2f}"
    return pn.Column(pn.pane.Str(caption), pn.pane.DataFrame(snap.df.tail()))


pn.Column("# Quotes", live(feed, draw)).servable()
