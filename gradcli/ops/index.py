"""Where every operation is defined; made by `python -m gradcli.ops.generate`."""

FAMILIES: dict[str, str] = {
    "add": "arithmetic",
    "conj": "arithmetic",
    "mul": "arithmetic",
    "neg": "arithmetic",
}

# namespace -> public name -> ids of the entries behind it, tried in this order
PUBLIC: dict[str, dict[str, tuple[str, ...]]] = {
    "Tensor": {
        "add": ("add",),
        "add_": ("add",),
        "conj": ("conj",),
        "mul": ("mul",),
        "mul_": ("mul",),
        "multiply": ("mul",),
        "multiply_": ("mul",),
        "neg": ("neg",),
    },
    "torch": {
        "add": ("add",),
        "add_": ("add",),
        "conj": ("conj",),
        "mul": ("mul",),
        "mul_": ("mul",),
        "multiply": ("mul",),
        "multiply_": ("mul",),
        "neg": ("neg",),
    },
}
