"""The documents tell the truth about what is on the disk."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
CODE = re.compile(r"`((?:smartlogd|tests|docs|config|scripts)/[\w./-]+)`")
STOP = re.compile(r"\[`([\w.]+)`\]\(([\w./]+\.py)\)")
PAGES_OF_THE_PLAN = ["ARCHITECTURE", "STORAGE", "TIME", "SECURITY", "CRITIQUES"]


def tree() -> set[str]:
    """What README draws: the first word of each line of its folder tree, with the folders it stands under."""
    drawing = (ROOT / "README.md").read_text().split("```tree\n", 1)[1].split("```", 1)[0]
    found, above = set(), []
    for line in drawing.splitlines():
        indent = (len(line) - len(line.lstrip())) // 2
        name = line.split()[0]
        above[indent:] = [name.rstrip("/")]
        found.add("/".join(above) + ("/" if name.endswith("/") else ""))
    return found


def on_disk() -> set[str]:
    """The folders and modules a reader meets: of the package every one down to the rooms, else the top level."""
    package = ROOT / "smartlogd"
    folders = [path for path in package.iterdir() if path.is_dir() and path.name != "__pycache__"]
    modules = [path for path in package.glob("*.py") if path.name != "__init__.py"]
    tests = [path for path in (ROOT / "tests").iterdir() if any(path.rglob("test_*.py"))]
    inner = {f"{path.relative_to(ROOT)}/" for path in (*folders, *tests)} | {
        str(path.relative_to(ROOT)) for path in modules
    }
    return inner | {f"{name}/" for name in ("smartlogd", "config", "docs", "scripts", "systemd", "tests")}


def test_readme_draws_the_folders_that_are_there() -> None:
    assert tree() == on_disk()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_and_every_named_file_leads_somewhere(page: Path) -> None:
    text = page.read_text()
    dead = [link for link in LINK.findall(text) if not (page.parent / link).exists()]
    dead += [name for name in CODE.findall(text) if not (ROOT / name).exists()]
    assert dead == []


def test_the_tour_names_functions_that_are_where_it_says() -> None:
    stops = STOP.findall((ROOT / "docs" / "ARCHITECTURE.md").read_text())
    assert len(stops) >= 9
    lost = [
        f"{name} in {path}"
        for name, path in stops
        if not all(
            re.search(rf"^\s*(?:async def|def|class) {part}\b", (ROOT / "docs" / path).read_text(), re.MULTILINE)
            for part in name.split(".")
        )
    ]
    assert lost == []


@pytest.mark.parametrize("name", PAGES_OF_THE_PLAN)
def test_the_house_has_its_pages(name: str) -> None:
    assert (ROOT / "docs" / f"{name}.md").is_file()


def test_readme_names_every_make_target_and_every_command() -> None:
    from typer.main import get_command

    from smartlogd.cli.app import app

    readme = (ROOT / "README.md").read_text()
    commands = getattr(get_command(app), "commands", {})
    assert commands
    assert [name for name in commands if f"`{name}" not in readme and f"smartlogd {name}" not in readme] == []


def test_decisions_are_numbered_without_gaps_and_have_their_three_parts() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(len(records)))
    for record in records:
        headings = re.findall(r"^## (\w+)", record.read_text(), re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences"], record.name
        assert len(record.read_text().splitlines()) <= 60, f"{record.name} is longer than a page"
