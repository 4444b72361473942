"""Runs Lambda sandboxes for LocalStack as processes of node.

A sandbox is the program that the embedded cloud uses for its own. It speaks the channel that node
gives every forked process: one JSON document a line over a socket whose number stands in
NODE_CHANNEL_FD. The process that started the cloud names node and the program:

  RIVULET_NODE      the node that runs functions, whatever runtime they ask for
  RIVULET_SANDBOX   the program of a sandbox
"""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time

from localstack import config
from localstack.services.lambda_.invocation.executor_endpoint import StatusErrorException
from localstack.services.lambda_.invocation.lambda_models import InvocationResult
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

# Loading may take this long; Lambda allows 10 s, on machines that do nothing else.
LOAD_SECONDS = 60
# How often a sandbox looks whether LocalStack is still there.
WATCH_MS = 500
CHUNK_BYTES = 1 << 20


class SandboxDied(Exception):
    """The process has closed its channel."""


class SandboxExecutor(RuntimeExecutor):
    """One sandbox at a time; LocalStack makes one executor for each that it runs at once."""

    def __init__(self, id, function_version):
        super().__init__(id, function_version)
        self.env_vars = {}
        self.process = None
        self.channel = None
        self.received = bytearray()
        # Written by the sandbox, read from here; it vanishes with the last process that holds it.
        self.log = tempfile.TemporaryFile()

    def start(self, env_vars):
        self.env_vars = env_vars
        self._spawn()
        try:
            report = self._receive(time.monotonic() + LOAD_SECONDS)
        except SandboxDied:
            report = failure("Runtime.ExitError", self._end())
        except TimeoutError:
            report = failure("Sandbox.Timedout", f"loading took longer than {LOAD_SECONDS} s")
        if report["kind"] != "ready":
            self.stop()
            raise StatusErrorException(report["errorMessage"], payload=error_payload(report))

    def invoke(self, payload):
        # One that died or was killed since its last invocation is replaced, as Lambda does.
        if self.process is None or self.process.poll() is not None:
            self.start(self.env_vars)
        log_start = os.fstat(self.log.fileno()).st_size
        report = self._run(payload)
        failed = report["kind"] == "failed"
        return InvocationResult(
            payload["invoke-id"],
            error_payload(report) if failed else report["payload"].encode(),
            failed,
            self._log_since(log_start),
        )

    def stop(self):
        if self.process is not None:
            self._end()

    def get_address(self):
        return "127.0.0.1"

    def get_endpoint_from_executor(self):
        return "127.0.0.1"

    def get_runtime_endpoint(self):
        # Answers of a sandbox come over its channel; nothing asks at this address.
        return f"http://127.0.0.1:{config.GATEWAY_LISTEN[0].port}"

    def get_logs(self):
        return self._log_since(0)

    @classmethod
    def prepare_version(cls, function_version):
        if function_version.config.code:
            function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version):
        pass

    def _run(self, payload):
        timeout = self.function_version.config.timeout
        deadline = time.monotonic() + timeout
        try:
            self._send(
                {"event": payload["payload"] or "null", "context": self._context(payload)}, deadline
            )
            return self._receive(deadline)
        except TimeoutError:
            self._end()
            return failure("Sandbox.Timedout", f"Task timed out after {timeout:.2f} seconds")
        except (SandboxDied, OSError):
            return failure("Runtime.ExitError", self._end())

    def _spawn(self):
        root = str(self.function_version.config.code.get_unzipped_code_location())
        mine, its = socket.socketpair()
        with its:
            self.process = subprocess.Popen(
                [
                    os.environ["RIVULET_NODE"],
                    f"--max-old-space-size={self.function_version.config.memory_size}",
                    os.environ["RIVULET_SANDBOX"],
                    root,
                    self.function_version.config.handler,
                    str(os.getpid()),
                    str(WATCH_MS),
                ],
                cwd=root,
                env=self._environment(root, its.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=self.log,
                stderr=self.log,
                pass_fds=[its.fileno()],
            )
        self.channel = mine
        self.received = bytearray()

    def _environment(self, root, channel):
        """What LocalStack says a function sees, and nothing of this machine: no HOME, no PATH."""
        given = {name: str(value) for name, value in self.env_vars.items() if value is not None}
        return {
            # Without HOME the SDK would ask the system for the home folder and read its files.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED": "true",
            "LANG": "en_US.UTF-8",
            **given,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{self.function_version.config.runtime}",
            "LAMBDA_TASK_ROOT": root,
            "TZ": "UTC",
            "NODE_CHANNEL_FD": str(channel),
            "NODE_CHANNEL_SERIALIZATION_MODE": "json",
        }

    def _context(self, payload):
        settings = self.function_version.config
        return {
            "awsRequestId": payload["invoke-id"],
            "functionName": self.function_version.id.function_name,
            "functionVersion": self.function_version.id.qualifier,
            "invokedFunctionArn": payload["invoked-function-arn"],
            "logGroupName": self.env_vars.get("AWS_LAMBDA_LOG_GROUP_NAME"),
            "logStreamName": self.env_vars.get("AWS_LAMBDA_LOG_STREAM_NAME"),
            "memoryLimitInMB": str(settings.memory_size),
            "timeoutMs": settings.timeout * 1000,
        }

    def _send(self, message, deadline):
        # The sandbox reads on while this is written, so neither waits for the other for ever; one
        # whose event loop is blocked runs into the deadline.
        self.channel.settimeout(remaining(deadline))
        self.channel.sendall(json.dumps(message).encode() + b"\n")

    def _receive(self, deadline):
        chunk = self.received
        while b"\n" not in chunk:
            self.channel.settimeout(remaining(deadline))
            chunk = self.channel.recv(CHUNK_BYTES)
            if not chunk:
                raise SandboxDied
            self.received += chunk
        line, _, self.received = self.received.partition(b"\n")
        return json.loads(line)

    def _end(self):
        """Kills the process unless it is dead, and says how it ended."""
        self.process.kill()
        status = self.process.wait()
        self.channel.close()
        end = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        return f"the sandbox ended with {end}"

    def _log_since(self, start):
        size = os.fstat(self.log.fileno()).st_size - start
        return os.pread(self.log.fileno(), size, start).decode(errors="replace")


def remaining(deadline):
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def failure(error_type, message):
    return {"kind": "failed", "errorType": error_type, "errorMessage": message, "trace": []}


def error_payload(report):
    shown = {name: report[name] for name in ("errorType", "errorMessage", "trace")}
    return json.dumps(shown).encode()
