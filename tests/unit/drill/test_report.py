"""Reports: pages that are well-formed whatever was said, JSON that can be read, and tables that keep older lines."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from fixtures.drill_world import ROOT, World

from titanicarus.drill.books import folder_for, write, write_docs
from titanicarus.drill.contract import Ruler
from titanicarus.drill.felt import Felt, Lane
from titanicarus.drill.picture import Band, Scale, draw
from titanicarus.drill.report import HEAD, NOTHING_YET, stages, to_json, to_page, with_rows, with_storms
from titanicarus.drill.result import Ran, Stormed
from titanicarus.drill.rows import Watch
from titanicarus.drill.run import run_row, run_storm
from titanicarus.drill.timeline import Mark, Stage
from titanicarus.drill.verdict import Moments
from titanicarus.lab.layout import Layout

RUDE = '<script>alert("x")</script> & | more'


def silent(_: str) -> None:
    pass


@pytest.fixture(scope="module")
def ran() -> list[Ran]:
    world = World(tenures=[(1, 0.0, 1e9)], outage=lambda _fault, ruler: 2.0 if ruler is Ruler.WEB else 0.0)
    return [run_row(world, number, 1, run, silent) for number in (1, 5) for run in (0, 1)]


@pytest.fixture(scope="module")
def stormed() -> Stormed:
    return run_storm(World(), 5, 2, silent)


def pictures(page: str) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(text) for text in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]


def test_each_run_has_a_picture_in_the_page(ran: list[Ran], stormed: Stormed) -> None:
    page = to_page("Faults", ran, [stormed])
    assert len(pictures(page)) == 5
    assert page.count("not kept") >= 2
    assert "https://" not in page, "it needs nothing else"
    for one in ran:
        assert one.title in page


def test_what_daemons_say_cannot_become_part_of_the_page() -> None:
    watch = Watch(Ruler.WEB, "syd")
    felt = Felt(watch, 0.0, 9.0, (Lane(RUDE, (1.0, 2.0), ((3.0, RUDE),)),), said=(RUDE,))
    one = Ran(1, 0, 1, 0.0, RUDE, Moments(1.0, 2.0, 3.0), (felt,), (Mark(1.5, Stage.ACTED, RUDE, RUDE),), (RUDE,))
    page = to_page(RUDE, [one])
    assert "<script" not in page
    assert pictures(page)
    assert RUDE not in with_rows("", [one])


def test_a_run_that_did_not_get_far_is_told_as_well() -> None:
    one = Ran(1, 0, 1, 0.0, "a load balancer is killed", problems=("it cannot be run here: why",))
    assert "it cannot be run here: why" in to_page("Faults", [one])
    assert "| 1 | a load balancer is killed | 1 | – |" in with_rows("", [one])


def test_the_picture_has_what_was_broken_said_and_felt() -> None:
    lane = Lane("a site", tuple(number / 10 for number in range(50)), ((5.05, "status 503"),))
    felt = Felt(Watch(Ruler.WEB, "syd"), 0.0, 10.0, (lane,))
    marks = [Mark(2.0, Stage.FAULT, "drill", "broken"), Mark(4.0, Stage.ACTED, "syd-lb2", "takes the address")]
    root = ElementTree.fromstring(draw(Scale(0.0, 10.0, 2.0), [Band(2.0, 4.0, "broken")], marks, [felt]))
    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert tags.count("circle") == 2
    titles = [element.text for element in root.iter() if element.tag.endswith("title")]
    assert "+2.00 s, syd-lb2: takes the address" in titles
    colours = [element.get("fill") for element in root.iter() if element.tag.endswith("rect")]
    assert colours.count("#c0392b") == 1 and "#27ae60" in colours


@pytest.mark.parametrize("span", [0.4, 3.0, 40.0, 1500.0, 90000.0])
def test_an_axis_has_some_ticks_and_not_too_many(span: float) -> None:
    ticks = Scale(100.0, 100.0 + span, 100.0 + span / 10).ticks()
    assert 1 <= len(ticks) <= 160
    assert all(-span / 10 <= tick <= span for tick in ticks)


def test_json_can_be_read(ran: list[Ran], stormed: Stormed) -> None:
    document = json.loads(to_json(ran, [stormed]))
    assert [row["row"] for row in document["rows"]] == [1, 1, 5, 5]
    assert document["storms"][0]["clean"] is True
    assert document["rows"][0]["felt"][0]["longest_gap"]["seconds"] > 1.2


def test_how_long_until_what(ran: list[Ran]) -> None:
    assert stages(ran[0])["whole"] > 6
    assert stages(Ran(1, 0, 1, 0.0, "x")) == {}


def test_the_table_of_the_docs_keeps_lines_of_other_rows(ran: list[Ran]) -> None:
    page = with_rows(HEAD, ran)
    assert page.startswith(HEAD) and "**not kept** in 2 of 2" in page
    later = with_rows(page, [Ran(12, 0, 9, 86400.0, "syd is lost"), Ran(5, 0, 9, 86400.0, "again")])
    rows = [line for line in later.splitlines() if re.match(r"\| \d", line)]
    assert [row.split()[1] for row in rows] == ["1", "5", "12"]
    assert "seed 9" in rows[1] and "1970-01-02" in rows[1]
    assert rows[0] in page


def test_the_table_of_storms(stormed: Stormed, ran: list[Ran]) -> None:
    page = with_storms(with_rows("", ran), [stormed])
    assert re.search(r"^\| 2 \| 5 \| .* \| clean \|", page, re.MULTILINE)
    assert with_rows(page, ran) == page, "written again it is the same"
    assert NOTHING_YET not in page


def test_the_page_that_is_shipped_was_written_by_the_command() -> None:
    page = (ROOT / "docs/fault-report.md").read_text()
    assert with_rows(page, []) == page


def test_reports_are_written_whole(tmp_path: Path, ran: list[Ran]) -> None:
    folder = folder_for(Layout("one", tmp_path), None)
    assert folder.parent == tmp_path / "labs/one/fault-runs"
    page = write(folder, "Faults", ran)
    assert page.read_text().endswith("</html>\n")
    assert json.loads((folder / "report.json").read_text())["rows"]
    (tmp_path / "docs").mkdir()
    assert "| 1 |" in write_docs(tmp_path, ran).read_text()
    assert sorted(path.name for path in folder.iterdir()) == ["report.html", "report.json"]
