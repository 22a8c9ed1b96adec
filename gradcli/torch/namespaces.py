"""Which name of which module leads where.

Names are resolved at their first use; listing them imports neither NumPy nor an operation.
Anything above this layer asks here, and never asks a module or a tensor by `getattr`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from typing import Any

from ..table.names import all_names, has
from ..table.public import resolve

# The modules of PyTorch that exist here, and the namespace of the op table behind each.
MODULES: dict[str, str | None] = {
    "torch": "torch",
    "torch.Tensor": "Tensor",
    "torch.autograd": None,
    "torch.autograd.functional": None,
    "torch.autograd.forward_ad": None,
    "torch.autograd.function": None,
    "torch.autograd.graph": None,
    "torch.autograd.gradcheck": None,
    "torch.autograd.anomaly_mode": None,
    "torch.autograd.grad_mode": None,
    "torch.autograd.variable": None,
    "torch.func": None,
    "torch.nn": None,
    "torch.nn.functional": "F",
    "torch.nn.init": None,
    "torch.nn.modules": None,
    "torch.nn.parallel": None,
    "torch.nn.parallel.data_parallel": None,
    "torch.nn.parameter": None,
    "torch.nn.utils": None,
    "torch.nn.utils.clip_grad": None,
    "torch.nn.utils.convert_parameters": None,
    "torch.nn.utils.init": None,
    "torch.nn.utils.parametrizations": None,
    "torch.nn.utils.parametrize": None,
    "torch.nn.utils.prune": None,
    "torch.nn.utils.rnn": None,
    "torch.nn.utils.spectral_norm": None,
    "torch.nn.utils.stateless": None,
    "torch.nn.utils.weight_norm": None,
    "torch.optim": None,
    "torch.optim.lr_scheduler": None,
    "torch.optim.optimizer": None,
    "torch.optim.swa_utils": None,
    "torch.linalg": "linalg",
    "torch.special": "special",
    "torch.fft": "fft",
    "torch.masked": "masked",
    "functorch": None,
    "torch.amp": None,
    "torch.amp.autocast_mode": None,
    "torch.amp.grad_scaler": None,
    "torch.compiler": None,
    "torch.cpu": None,
    "torch.cpu.amp": None,
    "torch.cuda": None,
    "torch.cuda.amp": None,
    "torch.distributed": None,
    "torch.functional": "torch",
    "torch.mps": None,
    "torch.mtia": None,
    "torch.types": None,
    "torch.accelerator": None,
    "torch.backends": None,
    "torch.backends.cpu": None,
    "torch.backends.cuda": None,
    "torch.backends.cuda.matmul": None,
    "torch.backends.cudnn": None,
    "torch.backends.mkl": None,
    "torch.backends.mkldnn": None,
    "torch.backends.openmp": None,
    "torch.backends.opt_einsum": None,
    "torch.backends.quantized": None,
    "torch.backends.mps": None,
    "torch.xpu": None,
    "torch.version": None,
    "torch.random": "random",
    "torch.serialization": None,
    "torch.return_types": None,
    "torch.utils": None,
    "torch.utils.checkpoint": None,
    "torch.utils.data": None,
    "torch.utils.data._utils": None,
    "torch.utils.data._utils.collate": None,
    "torch.utils.data.dataloader": None,
    "torch.utils.data.dataset": None,
    "torch.utils.data.distributed": None,
    "torch.utils.data.sampler": None,
    "torch.testing": None,
}

_MODES = "gradcli.autograd.modes"
_API = "gradcli.autograd.api"
_FUNCTION = "gradcli.autograd.function"
_FUNCTIONAL = "gradcli.autograd.functional"
_FORWARD = "gradcli.autograd.forward_ad"
_GRAPH = "gradcli.autograd.graph"
_CHECK = "gradcli.autograd.gradcheck"
_ANOMALY = "gradcli.autograd.anomaly"
_PLAIN = "gradcli.torch.plain"
_TYPES = "gradcli.torch.types"
_SETTINGS = "gradcli.torch.settings"
_AMP = "gradcli.torch.amp"
_AMP_NAMES = "GradScaler autocast custom_bwd custom_fwd is_autocast_available"
_BACKENDS = "gradcli.torch.backends"
_COMPILER = "gradcli.torch.compiler"

_GRAD_MODE = dict.fromkeys(("no_grad", "enable_grad", "set_grad_enabled", "inference_mode"), _MODES)
_TRANSFORMS = (
    dict.fromkeys(("grad", "grad_and_value", "vjp", "jacrev"), "gradcli.func.reverse")
    | dict.fromkeys(("jvp", "jacfwd", "hessian", "linearize"), "gradcli.func.forward")
    | {"vmap": "gradcli.func.batched"}
)


def _words(text: str) -> list[str]:
    return text.split()


# The classes of torch.nn, by the file of gradcli.nn that has them.
_LAYERS = {
    "module": "Module",
    "containers": "ModuleDict ModuleList ParameterDict ParameterList Sequential",
    "linear": "Bilinear Identity LazyLinear Linear",
    "activation": (
        "CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid "
        "LogSoftmax Mish MultiheadAttention PReLU RReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax "
        "Softmax2d Softmin Softplus Softshrink Softsign Tanh Tanhshrink Threshold"
    ),
    "adaptive": "AdaptiveLogSoftmaxWithLoss",
    "batchnorm": (
        "BatchNorm1d BatchNorm2d BatchNorm3d LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d "
        "SyncBatchNorm"
    ),
    "channelshuffle": "ChannelShuffle",
    "convolution": (
        "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d LazyConv1d "
        "LazyConv2d LazyConv3d LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d"
    ),
    "distance": "CosineSimilarity PairwiseDistance",
    "dropout": "AlphaDropout Dropout Dropout1d Dropout2d Dropout3d FeatureAlphaDropout",
    "embedding": "Embedding EmbeddingBag",
    "flatten": "Flatten Unflatten",
    "fold": "Fold Unfold",
    "instancenorm": (
        "InstanceNorm1d InstanceNorm2d InstanceNorm3d LazyInstanceNorm1d LazyInstanceNorm2d "
        "LazyInstanceNorm3d"
    ),
    "loss": (
        "BCELoss BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss CrossEntropyLoss GaussianNLLLoss "
        "HingeEmbeddingLoss HuberLoss KLDivLoss L1Loss LinearCrossEntropyLoss MSELoss "
        "MarginRankingLoss MultiLabelMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss NLLLoss "
        "NLLLoss2d PoissonNLLLoss SmoothL1Loss SoftMarginLoss TripletMarginLoss "
        "TripletMarginWithDistanceLoss"
    ),
    "normalization": "GroupNorm LayerNorm LocalResponseNorm RMSNorm",
    "padding": (
        "CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d "
        "ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d "
        "ReplicationPad3d ZeroPad1d ZeroPad2d ZeroPad3d"
    ),
    "pixelshuffle": "PixelShuffle PixelUnshuffle",
    "pooling": (
        "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d "
        "AdaptiveMaxPool2d AdaptiveMaxPool3d AvgPool1d AvgPool2d AvgPool3d FractionalMaxPool2d "
        "FractionalMaxPool3d LPPool1d LPPool2d LPPool3d MaxPool1d MaxPool2d MaxPool3d "
        "MaxUnpool1d MaxUnpool2d MaxUnpool3d"
    ),
    "recurrent": "GRU GRUCell LSTM LSTMCell RNN RNNBase RNNCell RNNCellBase",
    "transformer": (
        "Transformer TransformerDecoder TransformerDecoderLayer TransformerEncoder "
        "TransformerEncoderLayer"
    ),
    "upsampling": "Upsample UpsamplingBilinear2d UpsamplingNearest2d",
}
# The modules behind torch.nn, where they are not called like our files.
_HOMES = {
    "containers": "container",
    "convolution": "conv",
    "embedding": "sparse",
    "recurrent": "rnn",
}
# What programs take from them besides: bases of layers, and helpers.
_BASES = {
    "batchnorm": "_BatchNorm",
    "convolution": "_ConvNd _ConvTransposeNd",
    "dropout": "_DropoutNd",
    "instancenorm": "_InstanceNorm",
    "linear": "NonDynamicallyQuantizableLinear",
    "loss": "_Loss _WeightedLoss",
    "padding": "_CircularPadNd _ConstantPadNd _ReflectionPadNd _ReplicationPadNd",
    "pooling": (
        "_AdaptiveAvgPoolNd _AdaptiveMaxPoolNd _AvgPoolNd _LPPoolNd _MaxPoolNd _MaxUnpoolNd"
    ),
}
_PARAMETERS = dict.fromkeys(("Buffer", "Parameter"), "gradcli.nn.parameter")
_LAZY = dict.fromkeys(("UninitializedBuffer", "UninitializedParameter"), "gradcli.nn.lazy")
_PARALLEL = {"DataParallel": "gradcli.nn.parallel"}
_MODULES = (_PARAMETERS | _LAZY | _PARALLEL) | {
    name: f"gradcli.nn.{file}" for file, text in _LAYERS.items() for name in text.split()
}
_INIT = dict.fromkeys(
    _words("""calculate_gain constant constant_ dirac dirac_ eye eye_ kaiming_normal kaiming_normal_
    kaiming_uniform kaiming_uniform_ normal normal_ ones_ orthogonal orthogonal_ sparse sparse_
    trunc_normal_ uniform uniform_ xavier_normal xavier_normal_ xavier_uniform xavier_uniform_
    zeros_ _calculate_fan_in_and_fan_out"""),
    "gradcli.nn.init",
)
_HOOKS = dict.fromkeys(
    _words("""register_module_buffer_registration_hook register_module_forward_hook
    register_module_forward_pre_hook register_module_full_backward_hook
    register_module_full_backward_pre_hook register_module_module_registration_hook
    register_module_parameter_registration_hook register_module_backward_hook"""),
    "gradcli.nn.hooks",
)

_CLIPPING = dict.fromkeys(
    [
        "clip_grad_norm",
        "clip_grad_norm_",
        "clip_grad_value_",
        "clip_grads_with_norm_",
        "get_total_norm",
    ],
    "gradcli.nn.clipping",
)
_VECTORS = dict.fromkeys(("parameters_to_vector", "vector_to_parameters"), "gradcli.nn.vectors")
_PACKED = dict.fromkeys(
    [
        "PackedSequence",
        "invert_permutation",
        "pack_padded_sequence",
        "pack_sequence",
        "pad_packed_sequence",
        "pad_sequence",
        "unpack_sequence",
        "unpad_sequence",
    ],
    "gradcli.nn.packed",
)
_CALL = "gradcli.nn.functional_call"
_SPECTRAL = dict.fromkeys(("remove_spectral_norm", "spectral_norm"), "gradcli.nn.spectral_norm")
_WEIGHT = dict.fromkeys(("remove_weight_norm", "weight_norm"), "gradcli.nn.weight_norm")
_SKIP = {"skip_init": "gradcli.nn.skip_init"}
_UTILS = _CLIPPING | _VECTORS | _SPECTRAL | _WEIGHT | _SKIP
_PRUNE = dict.fromkeys(
    _words("""BasePruningMethod CustomFromMask Identity L1Unstructured LnStructured PruningContainer
    RandomStructured RandomUnstructured custom_from_mask global_unstructured identity is_pruned
    l1_unstructured ln_structured random_structured random_unstructured remove"""),
    "gradcli.nn.prune",
)
_PARAMETRIZE = dict.fromkeys(
    [
        "ParametrizationList",
        "cached",
        "is_parametrized",
        "register_parametrization",
        "remove_parametrizations",
        "transfer_parametrizations_and_params",
        "type_before_parametrizations",
    ],
    "gradcli.nn.parametrize",
)


def _of_optim(files: dict[str, str]) -> dict[str, str]:
    """The classes of torch.optim, by the file of gradcli.optim that has them."""
    return {name: f"gradcli.optim.{file}" for file, text in files.items() for name in text.split()}


_OPTIMIZERS = _of_optim(
    {
        "optimizer": "Optimizer",
        "sgd": "SGD",
        "adam": "Adam AdamW",
        "rmsprop": "RMSprop",
        "adagrad": "Adagrad",
        "adadelta": "Adadelta",
        "adamax": "Adamax",
        "nadam": "NAdam",
        "radam": "RAdam",
        "asgd": "ASGD",
        "rprop": "Rprop",
        "lbfgs": "LBFGS",
        "adafactor": "Adafactor",
        "muon": "Muon",
        "sparse_adam": "SparseAdam",
    }
)
_SCHEDULERS = _of_optim(
    {
        "scheduler": "EPOCH_DEPRECATION_WARNING LRScheduler",
        "schedulers": """ConstantLR CosineAnnealingLR CosineAnnealingWarmRestarts ExponentialLR
        LambdaLR LinearLR MultiStepLR MultiplicativeLR PolynomialLR ReduceLROnPlateau StepLR""",
        "cyclic": "CyclicLR OneCycleLR",
        "combined": "ChainedScheduler SequentialLR",
    }
)
_DATASETS = dict.fromkeys(
    _words("""ChainDataset ConcatDataset Dataset IterableDataset StackDataset Subset TensorDataset
    random_split"""),
    "gradcli.data.dataset",
)
_SAMPLERS = dict.fromkeys(
    _words("""BatchSampler RandomSampler Sampler SequentialSampler SubsetRandomSampler
    WeightedRandomSampler"""),
    "gradcli.data.sampler",
)
_DISTRIBUTED_SAMPLER = {"DistributedSampler": "gradcli.data.sampler"}
_COLLATE = dict.fromkeys(("default_collate", "default_convert"), "gradcli.data.collate")
_LOADERS = dict.fromkeys(("DataLoader", "get_worker_info"), "gradcli.data.loader") | _COLLATE
_STEP_HOOKS = dict.fromkeys(
    ("register_optimizer_step_post_hook", "register_optimizer_step_pre_hook", "required"),
    "gradcli.optim.optimizer",
)

# The families of torch.distributions, by the file of gradcli.distributions that has them.
_FAMILIES = {
    "bernoulli": "Bernoulli",
    "beta": "Beta",
    "binomial": "Binomial",
    "categorical": "Categorical",
    "cauchy": "Cauchy",
    "chi2": "Chi2",
    "continuous_bernoulli": "ContinuousBernoulli",
    "dirichlet": "Dirichlet",
    "distribution": "Distribution",
    "exp_family": "ExponentialFamily",
    "exponential": "Exponential",
    "fishersnedecor": "FisherSnedecor",
    "gamma": "Gamma",
    "generalized_pareto": "GeneralizedPareto",
    "geometric": "Geometric",
    "gumbel": "Gumbel",
    "half_cauchy": "HalfCauchy",
    "half_normal": "HalfNormal",
    "independent": "Independent",
    "inverse_gamma": "InverseGamma",
    "kumaraswamy": "Kumaraswamy",
    "laplace": "Laplace",
    "lkj_cholesky": "LKJCholesky",
    "log_normal": "LogNormal",
    "logistic_normal": "LogisticNormal",
    "lowrank_multivariate_normal": "LowRankMultivariateNormal",
    "mixture_same_family": "MixtureSameFamily",
    "multinomial": "Multinomial",
    "multivariate_normal": "MultivariateNormal",
    "negative_binomial": "NegativeBinomial",
    "normal": "Normal",
    "one_hot_categorical": "OneHotCategorical OneHotCategoricalStraightThrough",
    "pareto": "Pareto",
    "poisson": "Poisson",
    "relaxed_bernoulli": "LogitRelaxedBernoulli RelaxedBernoulli",
    "relaxed_categorical": "ExpRelaxedCategorical RelaxedOneHotCategorical",
    "studentT": "StudentT",
    "transformed_distribution": "TransformedDistribution",
    "uniform": "Uniform",
    "von_mises": "VonMises",
    "weibull": "Weibull",
    "wishart": "Wishart",
}
_TRANSFORM_NAMES = dict.fromkeys(
    _words("""AbsTransform AffineTransform CatTransform ComposeTransform CorrCholeskyTransform
    CumulativeDistributionTransform ExpTransform IndependentTransform LowerCholeskyTransform
    PositiveDefiniteTransform PowerTransform ReshapeTransform SigmoidTransform SoftmaxTransform
    SoftplusTransform StackTransform StickBreakingTransform TanhTransform Transform
    identity_transform"""),
    "gradcli.distributions.transforms",
)
_REGISTRIES = dict.fromkeys(
    ("biject_to", "transform_to"), "gradcli.distributions.constraint_registry"
)
_DIVERGENCES = dict.fromkeys(("kl_divergence", "register_kl"), "gradcli.distributions.kl")
_DISTRIBUTIONS: dict[str, dict[str, str]] = {
    f"torch.distributions.{file}": dict.fromkeys(text.split(), f"gradcli.distributions.{file}")
    for file, text in _FAMILIES.items()
} | {
    "torch.distributions.constraint_registry": _REGISTRIES
    | {"ConstraintRegistry": "gradcli.distributions.constraint_registry"},
    "torch.distributions.constraints": dict.fromkeys(
        _words("""Constraint MixtureSameFamilyConstraint boolean cat corr_cholesky dependent
        dependent_property greater_than greater_than_eq half_open_interval independent
        integer_interval interval is_dependent less_than lower_cholesky lower_triangular multinomial
        nonnegative nonnegative_integer one_hot positive positive_definite positive_integer
        positive_semidefinite real real_vector simplex square stack symmetric unit_interval"""),
        "gradcli.distributions.constraints",
    ),
    "torch.distributions.kl": _DIVERGENCES,
    "torch.distributions.transforms": _TRANSFORM_NAMES,
    "torch.distributions.utils": dict.fromkeys(
        _words("""broadcast_all clamp_probs euler_constant lazy_property logits_to_probs
        probs_to_logits tril_matrix_to_vec vec_to_tril_matrix"""),
        "gradcli.distributions.utils",
    ),
}
_INNER_FAMILIES = ("LogitRelaxedBernoulli", "ExpRelaxedCategorical")
_DISTRIBUTIONS["torch.distributions"] = (
    {
        name: f"gradcli.distributions.{file}"
        for file, text in _FAMILIES.items()
        for name in text.split()
        if name not in _INNER_FAMILIES
    }
    | _TRANSFORM_NAMES
    | _REGISTRIES
    | _DIVERGENCES
)
MODULES.update(dict.fromkeys(sorted(_DISTRIBUTIONS)))

# module -> name -> "module:attribute", or a module alone when the attribute has the same name.
NAMES: dict[str, dict[str, str]] = {
    "torch": _GRAD_MODE
    | dict.fromkeys(
        (
            "are_deterministic_algorithms_enabled",
            "get_deterministic_debug_mode",
            "get_float32_matmul_precision",
            "get_num_interop_threads",
            "has_lapack",
            "has_mkl",
            "has_openmp",
            "has_spectral",
            "is_deterministic_algorithms_warn_only_enabled",
            "is_warn_always_enabled",
            "set_anomaly_enabled",
            "set_default_tensor_type",
            "set_deterministic_debug_mode",
            "set_float32_matmul_precision",
            "set_flush_denormal",
            "set_num_interop_threads",
            "set_warn_always",
            "sym_float",
            "sym_int",
            "sym_ite",
            "sym_max",
            "sym_min",
            "sym_not",
            "sym_sqrt",
            "sym_sum",
            "use_deterministic_algorithms",
        ),
        _SETTINGS,
    )
    | {
        "is_grad_enabled": _MODES,
        "is_anomaly_enabled": _ANOMALY,
        "is_anomaly_check_nan_enabled": _ANOMALY,
        "is_inference_mode_enabled": _MODES,
        "vmap": "gradcli.func.batched",
        "Tensor": "gradcli.torch.types:TensorType",
        "Size": "gradcli.tensor.tensor",
        "dtype": "gradcli.tensor.dtypes:DType",
        "Generator": "gradcli.kernels.random",
        "default_generator": "gradcli.kernels.random",
        "finfo": "gradcli.tensor.limits",
        "iinfo": "gradcli.tensor.limits",
        "set_printoptions": "gradcli.tensor.print_options",
        "device": "gradcli.tensor.device:Device",
        "strided": "gradcli.tensor.device",
        "contiguous_format": "gradcli.tensor.device",
        "preserve_format": "gradcli.tensor.device",
        "channels_last": "gradcli.tensor.device",
        "channels_last_3d": "gradcli.tensor.device",
        "__version__": _PLAIN + ":version",
        "inf": _PLAIN,
        "nan": _PLAIN,
        "pi": _PLAIN,
        "e": _PLAIN,
        "newaxis": _PLAIN,
        "FloatTensor": "gradcli.torch.types",
        "DoubleTensor": "gradcli.torch.types",
        "HalfTensor": "gradcli.torch.types",
        "LongTensor": "gradcli.torch.types",
        "IntTensor": "gradcli.torch.types",
        "ShortTensor": "gradcli.torch.types",
        "ByteTensor": "gradcli.torch.types",
        "CharTensor": "gradcli.torch.types",
        "BoolTensor": "gradcli.torch.types",
        "detach": "gradcli.autograd.leaf",
        "detach_": "gradcli.autograd.leaf",
        "layout": "gradcli.tensor.device",
        "memory_format": "gradcli.tensor.device",
        "legacy_contiguous_format": "gradcli.tensor.device:contiguous_format",
        "BFloat16Tensor": "gradcli.torch.types",
        "is_vulkan_available": _PLAIN + ":never",
        "compiled_with_cxx11_abi": _PLAIN + ":always",
        **dict.fromkeys(
            _words("""autocast get_autocast_cpu_dtype get_autocast_dtype is_autocast_cache_enabled
            is_autocast_cpu_enabled is_autocast_enabled"""),
            _AMP,
        ),
        "compile": _COMPILER,
        "get_num_threads": _PLAIN,
        "set_num_threads": _PLAIN,
    },
    "torch.Tensor": {},
    "torch.autograd": _GRAD_MODE
    | {
        "backward": _API,
        "grad": _API,
        "Variable": _TYPES,
        "Function": _FUNCTION,
        "gradcheck": _CHECK,
        "gradgradcheck": _CHECK,
        "detect_anomaly": _ANOMALY,
        "set_detect_anomaly": _ANOMALY,
        "is_multithreading_enabled": _SETTINGS,
        "set_multithreading_enabled": _SETTINGS,
        "is_view_replay_enabled": _PLAIN + ":never",
        "SavedTensor": "gradcli.autograd.node",
    },
    "torch.autograd.functional": dict.fromkeys(
        ("vjp", "jvp", "jacobian", "hessian", "vhp", "hvp"), _FUNCTIONAL
    ),
    "torch.autograd.forward_ad": dict.fromkeys(
        (
            "dual_level",
            "make_dual",
            "unpack_dual",
            "enter_dual_level",
            "exit_dual_level",
            "UnpackedDualTensor",
        ),
        _FORWARD,
    ),
    "torch.autograd.function": {
        "Function": _FUNCTION,
        "once_differentiable": _FUNCTION,
        "FunctionCtx": _FUNCTION,
        "InplaceFunction": _FUNCTION,
    },
    "torch.autograd.graph": dict.fromkeys(
        (
            "saved_tensors_hooks",
            "save_on_cpu",
            "Node",
            "GradientEdge",
            "get_gradient_edge",
            "increment_version",
            "allow_mutation_on_saved_tensors",
            "disable_saved_tensors_hooks",
            "register_multi_grad_hook",
        ),
        _GRAPH,
    )
    | {"RemovableHandle": "gradcli.autograd.leaf", "Variable": _TYPES},
    "torch.autograd.gradcheck": {
        "gradcheck": _CHECK,
        "gradgradcheck": _CHECK,
        "GradcheckError": _CHECK,
    },
    "torch.autograd.anomaly_mode": {
        "detect_anomaly": _ANOMALY,
        "set_detect_anomaly": _ANOMALY,
    },
    "torch.autograd.grad_mode": dict(_GRAD_MODE),
    "torch.autograd.variable": {"Variable": _TYPES},
    "torch.func": _TRANSFORMS | dict.fromkeys(("functional_call", "stack_module_state"), _CALL),
    "torch.nn": _MODULES,
    "torch.nn.functional": {},
    "torch.nn.init": _INIT,
    "torch.nn.modules": _MODULES,
    "torch.nn.parallel": _PARALLEL,
    "torch.nn.parallel.data_parallel": _PARALLEL,
    "torch.nn.parameter": _PARAMETERS | _LAZY | {"is_lazy": "gradcli.nn.lazy"},
    "torch.nn.utils": _UTILS,
    "torch.nn.utils.clip_grad": _CLIPPING,
    "torch.nn.utils.convert_parameters": _VECTORS,
    "torch.nn.utils.parametrizations": {
        "orthogonal": "gradcli.nn.orthogonal",
        "spectral_norm": "gradcli.nn.spectral_norm:spectral_norm_parametrization",
        "weight_norm": "gradcli.nn.weight_norm:weight_norm_parametrization",
    },
    "torch.nn.utils.parametrize": _PARAMETRIZE,
    "torch.nn.utils.init": _SKIP,
    "torch.nn.utils.prune": _PRUNE,
    "torch.nn.utils.rnn": _PACKED,
    "torch.nn.utils.spectral_norm": _SPECTRAL,
    "torch.nn.utils.weight_norm": _WEIGHT,
    "torch.nn.utils.stateless": {"functional_call": _CALL},
    "torch.optim": _OPTIMIZERS,
    "torch.optim.lr_scheduler": _SCHEDULERS,
    "torch.optim.optimizer": _STEP_HOOKS | {"Optimizer": "gradcli.optim.optimizer"},
    "torch.optim.swa_utils": dict.fromkeys(
        _words("""AveragedModel SWALR get_ema_avg_fn get_ema_multi_avg_fn get_swa_avg_fn
        get_swa_multi_avg_fn update_bn"""),
        "gradcli.optim.averaging",
    ),
    "torch.linalg": {"LinAlgError": "gradcli.ops.linalg.shared"},
    "torch.special": {},
    "torch.fft": {},
    "torch.masked": {},
    "functorch": _TRANSFORMS | {"functional_call": _CALL, "stack_module_state": _CALL},
    "torch.amp": dict.fromkeys(_words(_AMP_NAMES), _AMP),
    "torch.amp.autocast_mode": dict.fromkeys(
        ("autocast", "custom_bwd", "custom_fwd", "is_autocast_available"), _AMP
    ),
    "torch.amp.grad_scaler": {"GradScaler": _AMP},
    "torch.compiler": {
        **dict.fromkeys(
            ("compile", "disable", "is_compiling", "list_backends", "reset"), _COMPILER
        ),
        "allow_in_graph": _COMPILER + ":identity",
        "is_dynamo_compiling": _COMPILER + ":is_compiling",
        "is_exporting": _COMPILER + ":is_compiling",
    },
    "torch.cpu": {
        "is_available": _PLAIN + ":always",
        "is_initialized": _PLAIN + ":always",
        "device_count": _PLAIN + ":one",
        "synchronize": _PLAIN + ":accept",
        "current_device": _PLAIN + ":cpu_name",
    },
    "torch.cpu.amp": {"autocast": _AMP + ":cpu_autocast", "GradScaler": _AMP + ":cpu_scaler"},
    "torch.cuda": dict.fromkeys(
        _words("""BFloat16Tensor BoolTensor ByteTensor CharTensor DoubleTensor Event FloatTensor
        HalfTensor IntTensor LongTensor ShortTensor Stream can_device_access_peer
        current_blas_handle current_device current_stream default_stream device device_count
        empty_cache get_arch_list get_device_capability get_device_name get_device_properties
        get_rng_state get_rng_state_all init initial_seed ipc_collect is_available
        is_bf16_supported is_initialized is_tf32_supported manual_seed manual_seed_all
        max_memory_allocated max_memory_cached max_memory_reserved mem_get_info
        memory_allocated memory_cached memory_reserved memory_stats reset_peak_memory_stats
        seed seed_all set_device set_rng_state set_rng_state_all synchronize"""),
        "gradcli.torch.cuda",
    ),
    "torch.cuda.amp": {
        "autocast": _AMP + ":cuda_autocast",
        "GradScaler": _AMP + ":cuda_scaler",
        "custom_bwd": _AMP + ":cuda_bwd",
        "custom_fwd": _AMP + ":cuda_fwd",
    },
    "torch.mps": dict.fromkeys(
        _words("""current_allocated_memory device_count driver_allocated_memory empty_cache
        get_rng_state is_available manual_seed recommended_max_memory seed set_rng_state
        synchronize"""),
        "gradcli.torch.mps",
    ),
    "torch.distributed": {
        "is_available": _PLAIN + ":always",
        "is_initialized": _PLAIN + ":never",
    },
    "torch.functional": {},
    "torch.mtia": {"is_available": _PLAIN + ":never", "device_count": _PLAIN + ":zero"},
    "torch.types": {
        "Device": "gradcli.torch.types:DeviceLike",
        "Number": "gradcli.torch.types",
        "Tensor": "gradcli.torch.types:TensorType",
    },
    "torch.accelerator": {
        "is_available": _PLAIN + ":never",
        "device_count": _PLAIN + ":zero",
        "current_accelerator": _PLAIN,
    },
    "torch.backends": {},
    "torch.backends.cpu": {"get_cpu_capability": _BACKENDS},
    "torch.backends.cuda": {
        "is_built": _PLAIN + ":never",
        "is_flash_attention_available": _PLAIN + ":never",
        **dict.fromkeys(
            _words("enable_cudnn_sdp enable_flash_sdp enable_math_sdp enable_mem_efficient_sdp"),
            _BACKENDS + ":set_sdp",
        ),
        **dict.fromkeys(
            _words(
                "cudnn_sdp_enabled flash_sdp_enabled math_sdp_enabled mem_efficient_sdp_enabled"
            ),
            _PLAIN + ":always",
        ),
    },
    "torch.backends.cuda.matmul": {},
    "torch.backends.cudnn": {
        "flags": _BACKENDS,
        "is_acceptable": _BACKENDS,
        "is_available": _PLAIN + ":never",
        "version": _PLAIN + ":accept",
    },
    "torch.backends.mkl": {"is_available": _PLAIN + ":always"},
    "torch.backends.mkldnn": {"is_available": _PLAIN + ":always"},
    "torch.backends.openmp": {"is_available": _PLAIN + ":always"},
    "torch.backends.opt_einsum": {"is_available": _PLAIN + ":never"},
    "torch.backends.quantized": {},
    "torch.backends.mps": {"is_available": _PLAIN + ":never", "is_built": _PLAIN + ":never"},
    "torch.xpu": {"is_available": _PLAIN + ":never", "device_count": _PLAIN + ":zero"},
    "torch.version": {
        "__version__": _PLAIN + ":version",
        "cuda": _PLAIN + ":nothing",
        "debug": _PLAIN,
        "git_version": _PLAIN,
        "hip": _PLAIN + ":nothing",
        "xpu": _PLAIN + ":nothing",
    },
    "torch.random": {"default_generator": "gradcli.kernels.random"},
    "torch.return_types": {},
    "torch.serialization": {},
    "torch.utils": {},
    "torch.utils.data": _DATASETS | _SAMPLERS | _DISTRIBUTED_SAMPLER | _LOADERS,
    "torch.utils.data._utils": {},
    "torch.utils.data._utils.collate": _COLLATE,
    "torch.utils.data.dataloader": _DATASETS | _SAMPLERS | _LOADERS,
    "torch.utils.data.dataset": _DATASETS,
    "torch.utils.data.distributed": _DISTRIBUTED_SAMPLER,
    "torch.utils.data.sampler": _SAMPLERS,
    "torch.utils.checkpoint": dict.fromkeys(
        ("checkpoint", "checkpoint_sequential"), "gradcli.autograd.checkpoint"
    ),
    "torch.testing": {"assert_close": "gradcli.torch.testing"},
    **_DISTRIBUTIONS,
}

# The files behind torch.nn and torch.optim are modules, too.
for _file, _listed in (*_LAYERS.items(), *_BASES.items()):
    _path = f"torch.nn.modules.{_HOMES.get(_file, _file)}"
    MODULES.setdefault(_path, None)
    NAMES.setdefault(_path, {}).update(dict.fromkeys(_listed.split(), f"gradcli.nn.{_file}"))
NAMES["torch.nn.modules.batchnorm"]["_NormBase"] = "gradcli.nn.batchnorm:NormBase"
NAMES["torch.nn.modules.module"] |= _HOOKS
NAMES["torch.nn.modules.transformer"]["_get_clones"] = "gradcli.nn.transformer:clones"
MODULES["torch.nn.modules.lazy"] = MODULES["torch.nn.modules.utils"] = None
NAMES["torch.nn.modules.lazy"] = {"LazyModuleMixin": "gradcli.nn.lazy"}
NAMES["torch.nn.modules.utils"] = {
    **dict.fromkeys(
        _words("_ntuple _pair _quadruple _reverse_repeat_tuple _single _triple"),
        "gradcli.nn.shapes",
    ),
    "consume_prefix_in_state_dict_if_present": "gradcli.nn.state_dict",
}
_HIDDEN = {"AdamW": "adamw", "Adafactor": "_adafactor", "Muon": "_muon"}
for _name, _path in _OPTIMIZERS.items():
    _path_there = "torch.optim." + _HIDDEN.get(_name, _path.rpartition(".")[2])
    MODULES.setdefault(_path_there, None)
    NAMES.setdefault(_path_there, {})[_name] = _path

DTYPES = [
    "bool",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "complex64",
    "complex128",
    "half",
    "float",
    "double",
    "short",
    "int",
    "long",
    "cfloat",
    "cdouble",
]


class Module:
    """A module as a value of a program: only its names in this table can be reached."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<module {self.name!r}>"


Module.__name__ = Module.__qualname__ = "module"  # as texts name the class
Module.__module__ = "builtins"


@cache
def module(name: str) -> Module:
    """The module value of this name. Raises KeyError when there is none."""
    if name not in MODULES:
        raise KeyError(name)
    return Module(name)


def names(module_name: str) -> list[str]:
    """Every public name of a module, submodules included."""
    found = set(NAMES[module_name])
    space = MODULES[module_name]
    if space is not None:
        found.update(all_names(space))
    if module_name == "torch":
        found.update(DTYPES)
    found.update(submodules(module_name))
    return sorted(found)


def submodules(module_name: str) -> Iterable[str]:
    """The names of the modules directly inside a module."""
    prefix = module_name + "."
    return [
        name[len(prefix) :]
        for name in MODULES
        if name.startswith(prefix) and "." not in name[len(prefix) :] and name != "torch.Tensor"
    ]


@cache
def lookup(module_name: str, name: str) -> Any:
    """What a name of a module stands for. Raises KeyError when it has no such name."""
    target = NAMES[module_name].get(name)
    if target is not None:
        path, _, attribute = target.partition(":")
        return vars(import_module(path))[attribute or name]
    space = MODULES[module_name]
    if module_name == "torch" and name in DTYPES:
        from ..tensor.dtypes import NAMES as dtype_names

        return dtype_names[name]
    if space is not None and has(space, name):
        return tensor_method(name) if space == "Tensor" else resolve.function(space, name)
    if f"{module_name}.{name}" in MODULES:
        return module(f"{module_name}.{name}")
    raise KeyError(name)


@cache
def tensor_method(name: str) -> Callable[..., Any]:
    """A Tensor method as a function whose first argument is the tensor. Raises KeyError."""
    from . import methods

    return methods.tensor_method(name)


def tensor_names() -> list[str]:
    """Every method and property of a tensor."""
    from . import methods

    return sorted({*methods.METHODS, *methods.PROPERTIES, *all_names("Tensor")})


def tensor_attribute(name: str) -> Callable[[Any], Any] | None:
    """How to read an attribute of a tensor: a function of the tensor, or None."""
    from . import methods

    getter = methods.PROPERTIES.get(name)
    if getter is not None:
        return getter
    try:
        method = tensor_method(name)
    except KeyError:
        return None
    return method.__get__


def tensor_setters() -> list[str]:
    """Every attribute of a tensor that can be assigned to."""
    from . import methods

    return sorted(methods.SETTERS)


def tensor_setter(name: str) -> Callable[[Any, Any], None] | None:
    """How to assign to an attribute of a tensor, or None where that is not allowed."""
    from . import methods

    return methods.SETTERS.get(name)


def node_attribute(name: str) -> Callable[[Any], Any]:
    """How to read an attribute of a node: a function that raises AttributeError without one."""
    attribute = _node_attributes()
    return lambda node: attribute(node, name)


@cache
def _node_attributes() -> Any:
    from . import nodes

    return nodes.attribute


def node_names(node: Any) -> list[str]:
    """Every attribute that can be read of a node."""
    from . import nodes

    return nodes.attribute_names(node)
