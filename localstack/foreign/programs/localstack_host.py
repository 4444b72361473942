"""LocalStack without Docker: its gateway on 127.0.0.1 alone, each Lambda sandbox a process of node.

Its services are left as they are.
"""

import functools
import runpy

import newer_python  # noqa: F401 - before anything of LocalStack
from parent_watch import end_with_parent

end_with_parent()

# GATEWAY_LISTEN chooses the port only: the gateway listens on all addresses whatever host it names.
from twisted.internet import endpoints  # noqa: E402

endpoints.TCP4ServerEndpoint = functools.partial(
    endpoints.TCP4ServerEndpoint, interface="127.0.0.1"
)

# Runtime executors are plugins, of which 4.14.0 has one, and any other name falls back to it.
from localstack.services.lambda_.invocation.plugins import (  # noqa: E402
    DockerRuntimeExecutorPlugin,
)


def load_executor(_plugin, *_args, **_kwargs):
    # Imported late, because it needs LocalStack's configuration, which is read at its start.
    from sandbox_executor import SandboxExecutor

    return SandboxExecutor


DockerRuntimeExecutorPlugin.load = load_executor

runpy.run_module("localstack.runtime.main", run_name="__main__", alter_sys=True)
