"""Two devices and a centre: whatever is done where, and in whatever order it is heard of, all end alike."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from model_centre import ModelCentre  # type: ignore[import-not-found]  # beside this file

from smartlogd.base.errors import SmartlogError
from smartlogd.base.time import SystemClock
from smartlogd.base.wire import Page
from smartlogd.store.changes import applied, settled, understood
from smartlogd.store.engine import Store, open_store
from smartlogd.store.inbox import StoreInbox
from smartlogd.store.options import StoreOptions
from smartlogd.store.outbox import StoreOutbox, begin
from smartlogd.store.outcome import Work
from smartlogd.store.templates import about

FLEET = bytes(range(32))
NAMES = ("Anna", "Bert", "Cleo")
MODEL = "m 1"
AT_US = 1_795_262_400_000_000
"""The day before."""


class Device:
    """A device without a camera: people and strangers come by when they are told to."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        options = StoreOptions(group_commit_s=0.001, reserve_mib=0)
        self.store: Store = open_store(
            folder, device=name, version="0", clock=SystemClock(), options=options, boot=uuid4()
        )
        self.store.keys.adopt(FLEET)
        self.outbox, self.inbox = StoreOutbox(self.store), StoreInbox(self.store)
        self.writing = asyncio.create_task(self.store.journal.run())

    async def change(self, what: str, **arguments: Any) -> bool:
        def work(connection: Any) -> Any:
            return applied(
                understood(what, arguments), Work(connection, self.store.keys, self.folder, self.store.now())
            )

        try:
            settled(await self.store.change(work), self.store.keys)
        except SmartlogError:
            return False
        return True

    async def stranger(self, uuid: str) -> None:
        """Someone shows a face; the same one of the same uuid, wherever it is."""
        seed = UUID(uuid).int % 2**32
        vector = np.random.default_rng(seed).normal(size=128).astype("<f4")
        vector *= np.float32(1.4) / np.linalg.norm(vector)

        def work(connection: Any) -> None:
            connection.execute(
                "INSERT INTO subjects (uuid, has_face, ignored, first_seen, last_seen) VALUES (?, 1, 0, ?, ?)"
                " ON CONFLICT DO NOTHING",
                (uuid, AT_US, AT_US + seed % 1000),
            )
            id_ = UUID(int=UUID(uuid).int + 1)
            sealed = self.store.keys.seal(UUID(uuid), vector.tobytes(), about(id_, MODEL))
            connection.execute(
                "INSERT INTO face_templates (id, subject, model, vector, quality, source, created_at)"
                " VALUES (?, ?, ?, ?, 0.5, 'track', ?) ON CONFLICT DO NOTHING",
                (str(id_), uuid, MODEL, sealed, AT_US),
            )
            connection.execute("INSERT INTO smartlog (uuid, action, timestamp) VALUES (?, 'I', ?)", (uuid, AT_US))

        await self.store.change(work)

    async def push(self, centre: ModelCentre) -> int:
        parcel = await self.outbox.take(7, 1 << 20, now_us=0)
        if parcel is None:
            return 0
        await self.outbox.settle(centre.ingest(parcel.body), parcel.void)
        return 1

    async def pull(self, centre: ModelCentre, most: int = 5) -> int:
        _, cursor = await self.inbox.cursor()
        page = centre.pull(cursor, most)
        await self.inbox.apply(page)
        return len(page.rows)

    async def close(self) -> None:
        await self.outbox.close()
        await self.inbox.close()
        self.writing.cancel()
        await asyncio.gather(self.writing, return_exceptions=True)
        await self.store.close()

    def dump(self) -> dict[str, object]:
        """What this device knows, by what is the same everywhere."""
        from smartlogd.store.recognise import read_only

        with read_only(self.folder / "smartlog.db") as connection:
            people = connection.execute(
                "SELECT uid, name, role FROM users WHERE forgotten_at IS NULL AND name IS NOT 'local owner' ORDER BY 1"
            ).fetchall()
            subjects = connection.execute(
                "SELECT uuid, u.uid, has_face, ignored, merged_into FROM subjects AS s"
                " LEFT JOIN users AS u ON u.id = s.user_id ORDER BY 1"
            ).fetchall()
            faces = connection.execute("SELECT id, subject, user, model, vector FROM face_templates ORDER BY 1")
            opened = [
                (id_, subject, user, self.store.keys.unseal(UUID(subject or user), vector, about(UUID(id_), model)))
                for id_, subject, user, model, vector in faces
            ]
            stones = connection.execute("SELECT uid, what, heir FROM tombstones ORDER BY 1").fetchall()
        return {"people": people, "subjects": subjects, "faces": opened, "tombstones": stones}


STRANGERS = [f"0000000{n}-0000-4000-8000-000000000000" for n in range(1, 4)]
here = st.sampled_from([0, 1])
someone = st.sampled_from(STRANGERS)
steps = st.one_of(
    st.tuples(here, st.just("stranger"), someone),
    st.tuples(here, st.just("assign"), someone, st.sampled_from(NAMES)),
    st.tuples(here, st.sampled_from(["unassign", "ignore", "unignore", "unmerge"]), someone),
    st.tuples(here, st.just("merge"), someone, someone),
    st.tuples(here, st.just("enrol"), st.sampled_from(NAMES)),
    st.tuples(here, st.just("people-merge"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.tuples(here, st.just("forget"), st.sampled_from(NAMES)),
    st.tuples(here, st.sampled_from(["push", "pull"])),
)


async def do(device: Device, centre: ModelCentre, what: str, *words: str) -> None:
    if what == "push":
        await device.push(centre)
    elif what == "pull":
        await device.pull(centre)
    elif what == "stranger":
        await device.stranger(words[0])
    elif what == "enrol":
        await device.change("enrol", name=words[0], model=MODEL, templates=[face(words[0], device.name)])
    else:
        names = {"assign": ("uuid", "name"), "merge": ("uuid", "other"), "people-merge": ("name", "other")}
        keys = names.get(what, ("name",) if what == "forget" else ("uuid",))
        await device.change(what, **dict(zip(keys, words, strict=True)))


def face(name: str, device: str) -> dict[str, object]:
    import base64

    vector = np.random.default_rng([ord(sign) for sign in name + device]).normal(size=128).astype("<f4")
    vector *= np.float32(1.4) / np.linalg.norm(vector)
    return {"vector": base64.b64encode(vector.tobytes()).decode(), "quality": 0.9}


async def converged(said: list[tuple[Any, ...]]) -> None:
    place = Path(tempfile.mkdtemp(prefix="merging-"))
    centre, devices = ModelCentre(), [Device(place / name, name) for name in ("door", "yard")]
    try:
        for device in devices:
            await device.store.change(begin)
        for which, what, *words in said:
            await do(devices[which], centre, what, *words)
        for _ in range(40):
            moved = 0
            for device in devices:
                while await device.push(centre):
                    moved += 1
                while await device.pull(centre):
                    moved += 1
            if not moved:
                break
        assert moved == 0, "they go on telling each other the same for ever"
        one, other = (device.dump() for device in devices)
        assert one == other
        again = Page(centre.uuid, centre.pull(0, 10**6).cursor, centre.pull(0, 10**6).rows, is_last=True)
        await devices[0].inbox.apply(again)
        assert devices[0].dump() == one, "and telling it again changes nothing"
        assert (await devices[0].outbox.waiting(now_us=0)).rows == 0
    finally:
        for device in devices:
            await device.close()
        shutil.rmtree(place)


ONE, TWO, _ = STRANGERS


@settings(max_examples=settings.default.max_examples // 3)  # each makes and syncs two databases
@given(st.lists(steps, max_size=14))
@example([(0, "stranger", ONE), (1, "stranger", ONE), (0, "assign", ONE, "Anna"), (1, "assign", ONE, "Bert")])
@example([(0, "enrol", "Anna"), (0, "push"), (0, "push"), (1, "pull"), (1, "pull"), (1, "forget", "Anna")])
@example(
    [
        (0, "enrol", "Anna"), (0, "stranger", ONE), (0, "assign", ONE, "Bert"), (0, "push"), (0, "push"), (1, "pull"),
        (0, "people-merge", "Bert", "Anna"), (1, "stranger", TWO), (1, "assign", TWO, "Anna"), (1, "enrol", "Anna"),
    ]
)  # fmt: skip
def test_two_devices_and_a_centre_end_alike_whatever_was_done_where(said: list[tuple[Any, ...]]) -> None:
    asyncio.run(converged(said))
