#!/usr/bin/env python3
"""Gives a gateway that counts what it runs the work of bench.py, once: scripts/train.py BINARY. See scripts/profile.sh.

Standard library only.
"""

import pathlib
import sys
import tempfile

from bench import SETTINGS, fill, measure, plan, portcullis
from stage import Stage

SECONDS = 3


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory(prefix="portcullis-train-") as folder, \
            tempfile.TemporaryDirectory(prefix="portcullis-train-") as home:
        stage = Stage(folder)
        try:
            port, owner = stage.postgres(home, "postgres", SETTINGS, "md5")
            fill(stage, owner)
            gateway = portcullis(stage, pathlib.Path(sys.argv[1]).resolve(), port, stage.issuer())
            measure(stage, gateway, plan(["point", "churn", "bulk"], SECONDS), 1)
        finally:
            # The counts are written when the gateway ends by itself.
            stage.stop()


if __name__ == "__main__":
    main()
