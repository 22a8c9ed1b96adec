"""The run of inputs."""
