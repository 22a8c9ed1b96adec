"""`python -m gradcli.jupyter -f FILE`: what Jupyter starts; FILE has the connection."""

from ipykernel.kernelapp import IPKernelApp

from .kernel import GradKernel

IPKernelApp.launch_instance(kernel_class=GradKernel)
