"""Tests of the extras: a file whose packages are not installed is left alone.

`.ci/run` installs the extras and runs this folder by itself, with REQUIRED set; then every file is.
"""

import os
from importlib.util import find_spec

NEEDS = {
    "test_arrow.py": ("pyarrow",),
    "test_dask.py": ("dask", "distributed", "pyarrow", "pandas"),
    "test_kernel.py": ("ipykernel", "jupyter_client"),
}
REQUIRED = "GRADCLI_EXTRAS"

collect_ignore = [
    name
    for name, packages in NEEDS.items()
    if REQUIRED not in os.environ and not all(map(find_spec, packages))
]
