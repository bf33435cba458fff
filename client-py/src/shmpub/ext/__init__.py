"""A page that changes when its feed does: a module for each framework of dashboards.

shmpub.ext.streamlit, .panel, .dash, .marimo, .shiny and .perspective are imported by name: `import
shmpub` loads none of them. Each imports its framework, and raises an ImportError with the command
that installs it. All sessions and workers read the same shared memory: none has a copy of the
table.
"""
