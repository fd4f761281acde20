"""Many who follow jobs' events, in a process of their own."""

from __future__ import annotations

import asyncio
import multiprocessing
from multiprocessing.connection import Connection
from types import TracebackType

import httpx

START_SECONDS = 180.0
END_SECONDS = 120.0


class Listeners:
    """A context manager: inside, `count` streams are open, in turn on the jobs named."""

    def __init__(self, url: str, jobs: list[str], count: int) -> None:
        self._jobs = [jobs[i % len(jobs)] for i in range(count)]
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_listen, args=(url, self._jobs, theirs), daemon=True)

    def __enter__(self) -> Listeners:
        self._process.start()
        if not self._connection.poll(START_SECONDS):
            raise TimeoutError("listeners could not connect")
        self._connection.recv()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.join()

    def finish(self, told: dict[str, int]) -> str:
        """What was heard, once each has heard its job's last event (`told`: their numbers).

        Raises:
            TimeoutError: some did not.
            AssertionError: one missed an event, or heard one twice.
        """
        self._connection.send(told)
        if not self._connection.poll(END_SECONDS):
            raise TimeoutError("listeners did not hear everything")
        heard: list[list[int]] = self._connection.recv()
        for job, numbers in zip(self._jobs, heard, strict=True):
            assert numbers == list(range(1, told[job] + 1)), f"{job}: {numbers}"
        return f"{sum(map(len, heard)):,} by {len(heard)} listeners, none missed, none twice"


def _listen(url: str, jobs: list[str], connection: Connection) -> None:
    asyncio.run(_follow_all(url, jobs, connection))


async def _follow_all(url: str, jobs: list[str], connection: Connection) -> None:
    heard: list[list[int]] = [[] for _ in jobs]
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=120, trust_env=False, limits=limits) as http:
        tasks = [
            asyncio.create_task(_follow(http, job, numbers))
            for job, numbers in zip(jobs, heard, strict=True)
        ]
        while not all(heard):
            await asyncio.sleep(0.05)
        connection.send("connected")
        told = await asyncio.to_thread(connection.recv)
        while any(numbers[-1] < told[job] for job, numbers in zip(jobs, heard, strict=True)):
            await asyncio.sleep(0.05)
        connection.send(heard)
        for task in tasks:
            task.cancel()


async def _follow(http: httpx.AsyncClient, job: str, numbers: list[int]) -> None:
    async with http.stream("GET", f"/api/v1/jobs/{job}/events") as answer:
        async for line in answer.aiter_lines():
            if line.startswith("id:"):
                numbers.append(int(line[3:]))
