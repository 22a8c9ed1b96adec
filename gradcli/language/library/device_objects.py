"""Mixed precision, and the GPUs that are not there, in programs.

Imported when a name of torch.amp or torch.cuda is first used.
"""

from __future__ import annotations

from gradcli.language.machine.sizes import FLAT
from gradcli.language.values.attributes import LOADERS, load_from
from gradcli.language.values.constructors import OPEN_CLASSES, OPEN_METACLASSES, callable_value
from gradcli.language.values.python_types import TABLES, pick
from gradcli.torch.amp import GradScaler, autocast, cpu_scaler, cuda_scaler, function_of
from gradcli.torch.cuda import TensorKind

TABLES[GradScaler] = pick(
    GradScaler,
    """get_backoff_factor get_growth_factor get_growth_interval get_scale is_enabled load_state_dict
    scale set_backoff_factor set_growth_factor set_growth_interval state_dict step unscale_
    update""",
)
LOADERS[GradScaler] = load_from(TABLES[GradScaler])
TABLES[autocast] = pick(autocast, "", fast_dtype=property(lambda self: self.fast_dtype))
LOADERS[autocast] = load_from(TABLES[autocast])
OPEN_CLASSES.update((GradScaler, cpu_scaler, cuda_scaler))
OPEN_METACLASSES.add(TensorKind)
FLAT.update((GradScaler, autocast))
function_of.append(callable_value)
