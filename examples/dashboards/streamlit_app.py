"""streamlit run examples/dashboards/streamlit_app.py"""

import shmpub
import streamlit as st
from shmpub.ext.streamlit import live

feed = shmpub.subscribe("quotes")
st.title("Quotes")
st.text_input("Note", key="note")
st.text(f"You wrote: {st.session_state.note}")


def draw(snap: shmpub.Snapshot) -> None:
    st.text(f"sequence {snap.sequence}, highest bid {snap.df['bid'].max():.2f}")
    st.dataframe(snap.df.tail())


live(feed, draw)
