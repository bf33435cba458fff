"""python -m shmpub_daemon service WORD: what the command "shmpub service" does."""

import sys

from .service import main

if sys.argv[1:2] != ["service"]:
    sys.exit("usage: python -m shmpub_daemon service install|uninstall|status")
sys.exit(main(sys.argv[2:]))
