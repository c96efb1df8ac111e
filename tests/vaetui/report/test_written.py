"""What is written: Markdown and a page that stands by itself, both harmless whatever is in the texts."""

import dataclasses
import html.parser
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests import tiny
from tests.vaetui.report.making import FLOOR, material, quality, run
from trainer.contract.evaluation import Information
from trainer.contract.run_dir import LATENTS
from trainer.contract.tensors import read_tensors, write_tensors
from vaetui.latent import tsne_cache
from vaetui.recipes import Claim
from vaetui.report import claims, code_figures, evaluation_figures, plotting, write
from vaetui.report.data import MOST_FEATURED, labels
from vaetui.report.document import Bullets, Document, Heading, ReportFigure, Table, Text
from vaetui.report.markdown import markdown
from vaetui.report.page import page

CLAIM = Claim("Classes cluster.", "classes_cluster")


@pytest.fixture
def two(runs: Path) -> list[Path]:
    split = Information(3.25, 0.01, 0.75, 0.02, 4.5, 128, 60, 0)
    vae = run(runs, tiny.config(), quality=quality(), information=split)
    return [vae, run(runs, tiny.config("ae"), quality=quality())]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_report_has_all_its_parts_and_is_the_same_twice(two: list[Path], tmp_path: Path) -> None:
    for name in ("one", "two"):
        write.write(material(two, [CLAIM]), tmp_path / name, lambda _: None)
    found = files(tmp_path / "one")
    assert found == files(tmp_path / "two")
    pictures = {name.removeprefix("figures/") for name in found if name.startswith("figures/")}
    assert pictures == {
        *("loss.png", "parts.png", "classes.png", "data.png", "reconstructions.png", "samples.png"),
        *("codes.png", "plane-of-z2.png", "chosen.png", "chosen-2.png"),
        *("interpolation-238791.png", "interpolation-238791.gif"),
    }
    text = found["report.md"].decode()
    assert set(re.findall(r"\(figures/([^)]+)\)", text)) == pictures
    for word in (
        "Does it work?",
        "None.",
        "Classes cluster.",
        "does not hold",
        "test, 60 images",
        "seen by a test",
        "| information | marginal KL |",
        "| 3.25 | 0.75 |",
    ):
        assert word in text


def test_labels_of_classes_do_not_cover_each_other(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Codes of all classes at nearly one place, which the labels of ten classes have no room at."""
    paths = [run(runs, tiny.config(latent=size)) for size in (2, 5)]
    for path in paths:
        file = read_tensors(path / LATENTS)
        mean = file.arrays["mean"] * np.float32(0.01)
        mean[0] = 1.0  # far from all others, which are in a corner of the figure
        write_tensors(path / LATENTS, file.arrays | {"mean": mean}, file.metadata)
    figures = []
    monkeypatch.setattr(plotting, "picture", lambda _, figure, *__: figures.append(figure))
    found = material(paths)
    for _ in (*code_figures.scatters(found), *code_figures.neighbourhoods(found, lambda _: None)):
        pass
    for figure in figures:
        figure.draw_without_rendering()
    axes = [axis for figure in figures for axis in figure.axes]
    assert len(axes) == 3
    for axis in axes:
        assert [label.get_text() for label in axis.texts] == [str(label) for label in range(10)]
        circles = [label.get_bbox_patch().get_window_extent() for label in axis.texts]
        centres = np.array([((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2) for box in circles])
        distance = np.linalg.norm(centres[:, None] - centres[None], axis=-1) + 1e9 * np.eye(10)
        assert distance.min() >= max(box.width for box in circles)


def test_captions_say_which_codes_are_shown(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (code_figures, tsne_cache):
        monkeypatch.setattr(module, "MOST", 20)
    write.write(material([run(runs, tiny.config(latent=5))]), tmp_path / "out", lambda _: None)
    captions = files(tmp_path / "out")["report.md"].decode()
    assert "20 of them shown, chosen at random (seed 0)" in captions
    assert "of the codes of 20 random (seed 0) test images" in captions
    (spectrum,) = [line for line in captions.splitlines() if "Explained variance of the codes" in line]
    assert "shown" not in spectrum, "all codes are used"


def test_latent_sizes_are_on_a_logarithmic_axis(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures = []
    monkeypatch.setattr(plotting, "picture", lambda _, figure, *__: figures.append(figure))
    paths = [run(runs, tiny.config(latent=size)) for size in (2, 10, 5)]
    list(evaluation_figures.by_class(material(paths)))
    (axis,) = figures[0].axes
    assert (axis.get_xscale(), axis.get_xticks().tolist()) == ("log", [2, 5, 10])
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["2", "5", "10"]


def test_larger_latent_spaces_get_axes_and_neighbourhoods(runs: Path, tmp_path: Path) -> None:
    paths = [run(runs, tiny.config(latent=size)) for size in (5, 10)]
    write.write(material(paths), tmp_path / "out", lambda _: None)
    found = files(tmp_path / "out")
    for name in ("spectrum", "tsne", "plane", "interpolation-21"):
        assert f"figures/{name}.png" in found
    assert "two explain z = 5: " in found["report.md"].decode()
    assert "No classifier figures of 2 of the runs: evaluate" in found["report.md"].decode()
    again = tmp_path / "again"
    write.write(material(paths), again, lambda _: None)
    assert files(again) == found, "t-SNE from the run folder is what was worked out"


def test_distances_in_other_features_are_in_another_table(runs: Path, tmp_path: Path) -> None:
    """The floor is below the runs that share it; the run of an older version has none."""
    new = quality(features="feedbeef", around_of="train", floor=FLOOR)
    qualities = {2: new, 5: quality(), 9: new}
    paths = [run(runs, tiny.config(latent=size), quality=one) for size, one in qualities.items()]
    write.write(material(paths), tmp_path / "out", lambda _: None)
    text = (tmp_path / "out" / "report.md").read_text()
    first, second = re.findall(r"(?:^\|.*\n)+", text.partition("Predictions of a classifier\n")[2], re.M)[:2]
    assert first.count("| posterior samples |") == 2
    assert re.findall(r"floor: (.*?) \|.* \| (0.1.)", first) == [("train", "0.11"), ("test halves", "0.13")]
    assert "0.830 | 0.860" in first
    assert "posterior (of test)" in second
    assert "floor" not in second
    assert "recall" not in second


def test_a_quick_report_says_so_everywhere(two: list[Path], tmp_path: Path) -> None:
    write.write(material(two, [CLAIM], is_quick=True), tmp_path / "out", lambda _: None)
    text = (tmp_path / "out" / "report.md").read_text()
    assert text.startswith("# A test (quick version: a tenth of the epochs)\n")
    assert all(line.endswith("(quick)") for line in text.splitlines() if re.match("## (?!Choices)", line))
    assert "does not hold (one seed, quick)" in text


class Tags(html.parser.HTMLParser):
    """What a page asks a browser for, and whether its tags are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.sources += [value or "" for key, value in attributes if key in ("src", "href", "srcset")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_stands_by_itself(two: list[Path], tmp_path: Path) -> None:
    write.write(material(two, [CLAIM]), tmp_path / "out", lambda _: None)
    text = (tmp_path / "out" / "report.html").read_text()
    tags = Tags()
    tags.feed(text)
    assert not tags.open
    assert "script" not in tags.tags
    assert len(tags.sources) == 12
    assert all(source.startswith(("data:image/png;", "data:image/gif;")) for source in tags.sources)
    assert "url(" not in text


def test_nothing_in_a_text_is_read_as_more() -> None:
    bad = "<script>x</script> | *a* ![b](c) [d](e)"
    table = Table((bad, "n"), ((bad, "1"),), bad)
    blocks = (Heading(bad), Text(bad), Bullets((bad,)), table, ReportFigure("a.png", b"", bad, bad))
    for text in (markdown(Document(bad, blocks)), page(Document(bad, blocks))):
        assert "<script" not in text
    rows = [line for line in markdown(Document("", (table,))).splitlines() if line.startswith("|")]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [3, 3, 3]
    assert "![b]" not in markdown(Document(bad, blocks))


NAMES = (
    "=x|y!z",
    "a `b` c",
    "``",
    "<b>&amp;",
    "# 1. no",
    "3) x",
    "- x",
    "$a$",
    "~~x~~",
    "_a_b_",
    "a\\|b\\",
    "[x](y)",
)


def read_back(text: str) -> list[list[str]]:
    """The headings, paragraphs and cells that a parser of GitHub's Markdown finds: kind and text of each."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = parser.parse(text)
    found = []
    for before, token in pairwise(tokens):
        if token.type == "inline":
            assert token.children is not None
            assert not {child.type for child in token.children} & {"code_inline", "link_open", "html_inline"}
            found.append([before.type, "".join(child.content for child in token.children)])
    return found


@given(
    st.one_of(
        st.sampled_from(NAMES), st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Z"]))
    )
)
@settings(max_examples=200)
def test_markdown_shows_every_name_as_it_is(name: str) -> None:
    name = " ".join(name.split()) or "x"
    table = Table(("run", name), ((name, "1"), ("other", name)), f"Of {name}", left=2)
    blocks = (Heading(name), Text(name), Bullets((name,)), table)
    found = read_back(markdown(Document(name, blocks)))
    assert found == [
        *(["heading_open", name], ["heading_open", name], ["paragraph_open", name], ["paragraph_open", name]),
        *(["paragraph_open", f"Table 1. Of {name}"], ["th_open", "run"], ["th_open", name]),
        *(["td_open", name], ["td_open", "1"], ["td_open", "other"], ["td_open", name]),
    ]


@pytest.mark.parametrize("name", NAMES)
def test_html_shows_every_name_as_it_is(name: str) -> None:
    texts = Texts()
    texts.feed(
        page(Document(name, (Heading(name), Text(name), Bullets((name,)), Table((name,), ((name,),), name))))
    )
    assert texts.found.count(name) == 8, "in the title, too"


class Texts(html.parser.HTMLParser):
    """Collects the texts of a page, joined within each element."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data.strip())


def test_labels_say_what_differs() -> None:
    one = tiny.config(latent=5)
    assert labels([one]) == ["z = 5"]
    assert labels([one, tiny.config("ae", 5)]) == ["VAE z = 5", "AE z = 5"]
    assert labels([one, tiny.config(latent=5, beta=4), tiny.config(latent=5, lr=1e-4)]) == [
        "z = 5, β = 1, learning rate 0.001",
        "z = 5, β = 4, learning rate 0.001",
        "z = 5, β = 1, learning rate 0.0001",
    ]
    assert labels([one, dataclasses.replace(one, precision="bf16")]) == ["z = 5 (1)", "z = 5 (2)"]


def test_a_learning_rate_is_called_so(runs: Path, tmp_path: Path) -> None:
    paths = [run(runs, tiny.config(lr=lr)) for lr in (1e-3, 1e-4)]
    claim = Claim("Small.", "best_settings", {"kind": "vae", "lr": 1e-4, "batch-size": 128})
    write.write(material(paths, [claim]), tmp_path / "out", lambda _: None)
    text = (tmp_path / "out" / "report.md").read_text()
    assert "lr 0.0001, batch 128: " in text
    assert not re.search(r"(?<!learning )rate [\d.e-]+[,;:]", text)
    assert re.search(r"\| run \|.* latent size \|.* learning rate \|", text)
    assert not re.search(r"(?<![\w.-])-\d", text), "a hyphen is no minus"


def test_few_of_many_runs_are_featured(runs: Path) -> None:
    paths = [run(runs, tiny.config(latent=size, beta=beta)) for size in (2, 5, 10) for beta in (1, 4, 10)]
    found = material(paths)
    assert len(found.featured) == MOST_FEATURED
    assert found.chosen[0] in found.featured


def test_images_of_another_set_than_the_codes_are_encoded_anew(two: list[Path]) -> None:
    for subject in material(two).runs:
        assert len(subject.codes.mean) == len(subject.pixels) > tiny.TEST_IMAGES


def test_an_undecided_claim_leaves_the_others(two: list[Path]) -> None:
    asked = [Claim("Far.", "nearly_identical", {"latent": 99}), CLAIM]
    judged = claims.check_claims(material(two, asked))
    assert [one.answer for one in judged] == ["not decided", "does not hold (one seed)"]


def test_the_seeds_of_a_model_are_one_row_and_one_curve(runs: Path, tmp_path: Path) -> None:
    paths = [
        run(
            runs,
            tiny.config(latent=size, seed=seed),
            figures={"distortion": 90.0 + seed},
            quality=quality(accuracy=0.9 + seed / 100),
        )
        for size in (2, 5)
        for seed in (0, 1, 2)
    ]
    found = material(paths, [CLAIM])
    assert [model.label for model in found.models] == ["z = 2", "z = 5"]
    assert [one.seed for one in found.shown] == [0, 0]
    write.write(found, tmp_path / "out", lambda _: None)
    text = (tmp_path / "out" / "report.md").read_text()
    assert "2 models (6 runs of 3 seeds) on digits" in text
    assert "91.00 ± 1.00" in text, "distortion"
    assert "91.0 ± 1.0" in text, "accuracy"
    assert "interval over seeds" in text
    assert "Curves are means over 3 seeds, bands their standard deviation." in text
    assert "does not hold (3 seeds)" in text
    settings_rows = [line for line in text.splitlines() if line.startswith("| vae-z2-b1-bce-s0–2-h16 ")]
    assert len(settings_rows) == 1
    assert "| 0–2 |" in settings_rows[0]


def test_each_seed_is_a_row_where_that_is_asked_for(runs: Path, tmp_path: Path) -> None:
    paths = [run(runs, tiny.config(latent=size, seed=seed)) for size in (2, 5) for seed in (0, 1)]
    found = material(paths, [CLAIM], each=True)
    assert [model.label for model in found.models] == [
        "z = 2, seed 0",
        "z = 2, seed 1",
        "z = 5, seed 0",
        "z = 5, seed 1",
    ]
    write.write(found, tmp_path / "out", lambda _: None)
    text = (tmp_path / "out" / "report.md").read_text()
    assert "4 models on digits" in text
    assert "| vae-z2-b1-bce-s1-h16 |" in text
    assert "does not hold (2 seeds)" in text, "claims are over seeds all the same"
