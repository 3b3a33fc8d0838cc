"""One run in a process of its own, to a file: `cd Training && python3 -m drives.one_run TOWN SEED FOLDER RUN.npz ATTEMPT`."""

import sys
from pathlib import Path

from . import towns, traffic

if __name__ == "__main__":
    number, seed, folder, path, attempt = sys.argv[1:]
    traffic.simulate(towns.build(int(number), folder), int(seed), folder, int(attempt)).save(Path(path))
