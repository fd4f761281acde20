"""The `torch.distributed` group of Ray Train's workers, on the cluster's own addresses alone.

Torch's store would listen on every interface of the machine, and gloo on the one of the machine's
name.  Here both use the address that the node has in the cluster: loopback in one of this machine.
(Imports Ray: not before `Cluster.ray()`, which sets what Ray reads when it is imported.)
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from datetime import timedelta
from typing import Any

import ray
from ray.train.torch import TorchConfig
from ray.train.torch.config import _set_torch_distributed_env_vars, _TorchBackend
from torch.distributed import TCPStore, init_process_group  # type: ignore[attr-defined]

TIMEOUT = timedelta(minutes=30)
_SIOCGIFADDR = 0x8915
_stores: list[TCPStore] = []  # live as long as their process


class GroupConfig(TorchConfig):
    """Ray's configuration, with another way to find each other."""

    @property
    def backend_cls(self) -> type[Group]:
        return Group


class Group(_TorchBackend):
    """Joins the workers when they have started, and whenever they start anew."""

    def on_start(self, worker_group: Any, backend_config: Any) -> None:
        worker_group.execute(_set_torch_distributed_env_vars)
        size = len(worker_group)
        address, port = worker_group.execute_single(0, _open_store, size)
        store = (address, port, size)
        ray.get(
            [
                worker_group.execute_single_async(i, _join, backend_config.backend, i, *store)
                for i in range(size)
            ]
        )


def _address() -> str:
    """The node's, in the cluster."""
    return str(ray.util.get_node_ip_address())  # type: ignore[no-untyped-call]


def _open_store(size: int) -> tuple[str, int]:
    """In the first worker: where the others find it."""
    address = _address()
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.bind((address, 0))
    port: int = listener.getsockname()[1]
    _stores.append(
        TCPStore(
            address,
            port,
            size,
            is_master=True,
            wait_for_workers=False,
            timeout=TIMEOUT,
            master_listen_fd=listener.detach(),  # the store's from now on
        )
    )
    return address, port


def _join(backend: str, number: int, address: str, port: int, size: int) -> None:
    """In each worker."""
    if (interface := _interface(_address())) is not None:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", interface)
    store = TCPStore(address, port, size, is_master=False, timeout=TIMEOUT)
    init_process_group(backend, store=store, rank=number, world_size=size, timeout=TIMEOUT)


def _interface(address: str) -> str | None:
    """The network interface that has an address (Linux, IPv4); None where none is found."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode())
            try:
                answer = fcntl.ioctl(any_socket, _SIOCGIFADDR, request)
            except OSError:  # it has none
                continue
            found = socket.inet_ntoa(answer[20:24])
            if found == address or (found.startswith("127.") and address.startswith("127.")):
                return name
    return None
