"""The app, used in Chromium as a person would: make browser-test."""

import contextlib
import csv
import io
import itertools
import re
import time

import browsing
import numpy as np
import psutil
import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from digitlib import Recognizer
from digitlib.files import SAMPLES
from digitlib.synthesis.strokes import DIGITS, draw, smooth

pytestmark = pytest.mark.browser
GOOD = SAMPLES / "dark_on_light.png"
DESKTOP, TABLET, PHONE = (1280, 900), (820, 1180), (390, 844)
EIGHT = [
    *((0.65, 0.25), (0.5, 0.15), (0.35, 0.25), (0.4, 0.4), (0.6, 0.55), (0.68, 0.75)),
    *((0.5, 0.88), (0.33, 0.75), (0.4, 0.55), (0.6, 0.4), (0.65, 0.25)),
]
A = [[(0.25, 0.85), (0.5, 0.15), (0.75, 0.85)], [(0.35, 0.6), (0.65, 0.6)]]


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """Run the app for all tests of this file that do not stop it."""
    folder = tmp_path_factory.mktemp("app")
    with browsing.app(folder) as (_, address):
        yield address, folder


@contextlib.contextmanager
def opened(address, size=DESKTOP, **settings):
    with browsing.page_of(size, **settings) as page:
        page.goto(address)
        page.locator(".digitlib-sample").first.wait_for(timeout=30_000)
        page.locator("#uploader").wait_for(timeout=30_000)
        yield page


def combinations():
    """Give the sizes and schemes; all but two of them to make test-all."""
    for size, scheme in itertools.product((DESKTOP, TABLET, PHONE), ("light", "dark")):
        first = (size, scheme) in ((PHONE, "light"), (DESKTOP, "dark"))
        marks = () if first else (pytest.mark.slow,)
        yield pytest.param(size, scheme, id=f"{size[0]}-{scheme}", marks=marks)


@pytest.mark.parametrize("size, scheme", [*combinations()])
def test_a_drawing_and_a_photo_at_all_sizes(app, size, scheme):
    from axe_playwright_python.sync_playwright import Axe

    ratio = 3 if size == PHONE else 1
    with opened(app[0], size, color_scheme=scheme, device_scale_factor=ratio) as page:
        assert page.title() == "Which digit is it? · digitlib"
        browsing.shoot(page, f"app-{size[0]}-{scheme}-empty")
        places = ".digitlib-app > *, #uploader"
        before = boxes(page, places)
        browsing.draw_seven(page)
        browsing.answer_is(page, "7")
        page.wait_for_timeout(1500)  # until the layers are lit
        assert boxes(page, places) == before, "something jumps"
        status = page.locator("#pad .digitlib-status").text_content()
        assert re.fullmatch(r"7, (> 99\.9|\d\d\.\d) % sure", status)
        browsing.upload(page, [SAMPLES / "shadowed_photo.jpg"])
        result = page.locator(".digitlib-result")
        result.locator(".digitlib-text:text-is('6')").wait_for()
        assert result.locator("img").first.get_attribute("alt") == "shadowed_photo.jpg"
        page.locator("#pad .digitlib-keep summary").click()
        browsing.shoot(page, f"app-{size[0]}-{scheme}")
        found = Axe().run(page).response["violations"]
        assert not found, [(f["id"], [n["target"] for n in f["nodes"]]) for f in found]
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        small = page.evaluate(
            "[...document.querySelectorAll('button, summary')].filter(b => b.offsetParent)"
            ".map(b => [b.textContent, b.getBoundingClientRect()])"
            ".filter(([, b]) => Math.min(b.width, b.height) < 44).map(([text]) => text)"
        )
        assert small == []
        fine = page.evaluate("document.querySelector('.digitlib-canvas').width / "
                             "document.querySelector('.digitlib-canvas').clientWidth")  # fmt: skip
        assert fine == pytest.approx(ratio, abs=0.01)


@pytest.mark.parametrize("has_come", [True, False])
def test_the_uploader_stays_where_it_appears_however_late_the_layers_come(app, has_come):
    held = []
    with browsing.page_of(DESKTOP, expected="ERR_FAILED") as page:
        page.route(re.compile("ask.*network"), lambda route: held.append(route))
        page.goto(app[0])
        page.locator(".digitlib-sample").first.wait_for(timeout=30_000)
        assert len(held) == 1 and not page.locator("#uploader").is_visible()
        held[0].continue_() if has_come else held[0].abort()
        page.locator("#uploader").wait_for(timeout=30_000)
        assert page.locator(".digitlib-inside").is_visible() == has_come
        before = boxes(page, "#uploader")
        page.wait_for_timeout(500)
        assert before and boxes(page, "#uploader") == before


def boxes(page, selector):
    return page.evaluate(
        "s => [...document.querySelectorAll(s)].filter(e => e.offsetParent)"
        ".map(e => [e.className, Math.round(e.getBoundingClientRect().top + scrollY)])",
        selector,
    )


def test_it_answers_while_one_draws_and_reads_one_picture_at_a_time(app):
    under_way, most, answers = 0, 0, []

    def slowly(route):
        nonlocal under_way, most
        if "%22read%22" not in route.request.url:
            return route.continue_()
        under_way += 1
        most = max(most, under_way)
        response = route.fetch()
        under_way -= 1
        answers.append(response.json()["text"])
        route.fulfill(response=response)

    with opened(app[0]) as page:
        page.route("**/ask?*", slowly)
        browsing.draw(page, EIGHT, lift=False)
        page.wait_for_timeout(500)
        assert len(answers) >= 3, "no answer before the pen was lifted"
        assert page.locator("#pad .digitlib-status").text_content() == ""  # said at the end
        page.mouse.up()
        browsing.answer_is(page, "8")
        page.locator("#pad .digitlib-status:has-text('8, ')").wait_for(state="attached")
        assert most == 1
        print(f"{len(answers)} answers while an 8 was drawn: {answers}")


def test_an_old_answer_is_greyed_at_the_first_stroke_and_silence_is_said(app):
    with opened(app[0]) as page:
        browsing.draw_seven(page)
        browsing.answer_is(page, "7")
        waiting = []
        is_busy = True
        page.route("**/ask?*", lambda r: waiting.append(r) if is_busy else r.continue_())
        page.mouse.move(*browsing.place_of(page, 0.4, 0.5))
        page.mouse.down()
        page.locator(".digitlib-app.stale").wait_for(timeout=200)
        page.mouse.move(*browsing.place_of(page, 0.6, 0.5), steps=4)
        page.mouse.up()
        lifted = time.monotonic()
        message = page.locator("#pad .digitlib-message")
        assert message.text_content() == ""
        page.locator(".digitlib-message:has-text('No answer yet')").wait_for(timeout=6000)
        assert 2.5 < time.monotonic() - lifted < 6
        assert "is busy or has stopped" in message.text_content()
        assert page.locator(".digitlib-app.stale").count() == 1
        is_busy = False
        for route in waiting:
            route.continue_()
        browsing.answer_is(page, "7")  # with a bar across
        assert message.text_content() == ""


def test_a_server_that_has_stopped_is_said_to_have_stopped(tmp_path):
    with (
        browsing.app(tmp_path) as (process, address),
        opened(address, expected="net::ERR_") as page,
    ):
        browsing.draw_seven(page)
        browsing.answer_is(page, "7")
        process.terminate()
        process.wait(timeout=30)
        browsing.draw(page, EIGHT)
        page.locator("#pad .digitlib-message:has-text('The server has stopped')").wait_for()
        assert page.locator(".digitlib-app.stale").count() == 1
        browsing.upload(page, [GOOD])
        page.locator(".failed:has-text('connection is closed')").wait_for()


def test_a_letter_is_no_digit_and_the_eleventh_class_is_shown(app):
    with opened(app[0]) as page:
        for stroke in A:
            browsing.draw(page, stroke)
        browsing.answer_is(page, "No digit")
        assert page.locator(".best th").first.text_content() == "none"
        assert "paper" not in page.locator("#pad .digitlib-answer").text_content()  # is for photos
        browsing.shoot(page, "app-letter")


def test_samples_and_test_images_can_be_clicked(app):
    with opened(app[0]) as page:
        for row in csv.DictReader((SAMPLES / "to_click.csv").open()):
            page.get_by_role("button", name=row["name"]).click()
            page.locator(f".digitlib-note:has-text('{row['name']}')").wait_for()
            browsing.answer_is(page, row["text"] or "No digit")
        browsing.shoot(page, "app-sample")
        right = 0
        for _ in range(5):
            before = page.locator(".digitlib-taken img").first.get_attribute("src")
            page.get_by_role("button", name="A test image").click()
            page.locator(f".digitlib-taken img:not([src='{before}'])[src]").first.wait_for()
            label = page.locator(".digitlib-note:has-text('labelled')").text_content()[-2]
            right += page.locator("#pad .digitlib-text").text_content() == label
        assert right >= 3
        browsing.draw_seven(page)  # the first stroke wipes the test image away
        browsing.answer_is(page, "7")


def test_touch_and_pen(app):
    with opened(app[0], PHONE) as page:
        client = page.context.new_cdp_session(page)

        def touch(kind, *points):
            places = [browsing.place_of(page, *point[:2]) for point in points]
            client.send(
                "Input.dispatchTouchEvent",
                {
                    "type": kind,
                    "touchPoints": [
                        {"x": x, "y": y, "id": point[2]}
                        for (x, y), point in zip(places, points, strict=True)
                    ],
                },
            )

        def empty():
            page.locator(".digitlib-sure:has-text('Draw a digit')").first.wait_for()
            return True

        browsing.place_of(page, 0, 0)
        seven = [(0.3, 0.25), (0.5, 0.25), (0.7, 0.25), (0.6, 0.5), (0.45, 0.8)]
        top = page.evaluate("scrollY")
        # A palm rests first, and the finger draws.
        touch("touchStart", (0.9, 0.95, 1))
        touch("touchStart", (0.9, 0.95, 1), (*seven[0], 2))
        for point in seven[1:]:
            touch("touchMove", (0.9, 0.95, 1), (*point, 2))
        touch("touchEnd", (0.9, 0.95, 1))
        touch("touchEnd")
        browsing.answer_is(page, "7")
        assert page.evaluate("scrollY") == top, "drawing scrolls the page"
        page.locator(".digitlib-undo").click()
        assert empty()
        # A second finger beside the one that draws does nothing.
        touch("touchStart", (*seven[0], 1))
        touch("touchMove", (*seven[1], 1))
        touch("touchStart", (*seven[1], 1), (0.1, 0.9, 2))
        for point in seven[2:]:
            touch("touchMove", (*point, 1), (0.3, 0.9, 2))
        touch("touchEnd")
        browsing.answer_is(page, "7")
        page.locator(".digitlib-clear").click()
        assert empty()
        # A cancelled touch leaves nothing.
        touch("touchStart", (*seven[0], 1))
        touch("touchMove", (*seven[1], 1))
        touch("touchCancel")
        page.wait_for_timeout(300)
        assert empty()
        # A palm that has moved gives way to a pen; while the pen is near, touches do not draw.
        touch("touchStart", (0.8, 0.9, 1))
        touch("touchMove", (0.9, 0.8, 1))
        stroke_with_a_pen(page, client, seven)
        browsing.answer_is(page, "7")
        touch("touchEnd")
        touch("touchStart", (0.1, 0.9, 3))
        touch("touchMove", (0.9, 0.9, 3))
        touch("touchEnd")
        page.wait_for_timeout(300)
        browsing.answer_is(page, "7")
        page.locator(".digitlib-undo").tap()
        assert empty()


def stroke_with_a_pen(page, client, points):
    kinds = ["mousePressed", *["mouseMoved"] * (len(points) - 1), "mouseReleased"]
    for kind, point in zip(kinds, [*points, points[-1]], strict=True):
        x, y = browsing.place_of(page, *point)
        pen = {"pointerType": "pen", "button": "left", "buttons": 1, "clickCount": 1}
        client.send("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, **pen})


def test_a_stroke_across_the_edge_and_undo_by_key(app):
    with opened(app[0]) as page:
        browsing.draw(page, [(0.3, 0.25), (0.7, 0.25), (0.6, 1.2), (0.55, 0.9)])
        browsing.answer_is(page, "7")
        browsing.draw(page, [(0.4, 0.5), (0.6, 0.5)])
        page.wait_for_timeout(500)
        page.keyboard.press("Control+z")
        page.keyboard.press("Control+z")
        page.locator(".digitlib-sure:has-text('Draw a digit')").first.wait_for()
        browsing.draw_seven(page)
        browsing.answer_is(page, "7")
        page.locator(".digitlib-clear").click()
        page.locator(".digitlib-sure:has-text('Draw a digit')").first.wait_for()
        page.keyboard.press("Control+z")  # what was cleared comes back
        browsing.answer_is(page, "7")
        page.keyboard.press("Control+Shift+z")  # and goes again
        page.locator(".digitlib-sure:has-text('Draw a digit')").first.wait_for()


def test_undo_comes_back_to_a_sample_with_the_answer_that_it_had(app):
    with opened(app[0]) as page:
        browsing.draw_seven(page)
        browsing.answer_is(page, "7")
        page.get_by_role("button", name="five digits").click()
        browsing.answer_is(page, "20619")
        browsing.draw(page, [(0.1, 0.9), (0.2, 0.9)])
        page.locator(".digitlib-undo").click()
        browsing.answer_is(page, "20619")
        assert page.locator("#pad .digitlib-keep-it").is_disabled()
        page.locator(".digitlib-undo").click()
        browsing.answer_is(page, "7")


def test_keeping_by_keyboard_with_undo(app):
    address, folder = app
    table = folder / "my_digits" / "labels.csv"
    with opened(address) as page:
        browsing.draw_seven(page)
        browsing.answer_is(page, "7")
        press(page, "#pad .digitlib-keep summary")
        keep = page.locator("#pad .digitlib-keep-it")
        assert keep.is_disabled()
        assert page.locator("#pad .digitlib-choice").all_text_contents() == [
            *"0123456789",
            "no digit",
        ]
        press(page, "#pad .digitlib-choice:nth-child(2)")
        press(page, "#pad .digitlib-keep-it")
        page.locator("#pad .digitlib-said:has-text('Kept as 1.')").wait_for()
        assert table.read_text().count(",1,drawn,me") == 1
        assert "1 picture kept" in page.locator("#pad .digitlib-kept summary").text_content()
        assert str(table.parent) in page.locator("#pad .digitlib-kept").text_content()
        press(page, "#pad .digitlib-unkeep")
        page.locator("#pad .digitlib-said:has-text('No longer kept')").wait_for()
        assert ",1,drawn,me" not in table.read_text()
        assert keep.is_disabled()
        press(page, "#pad .digitlib-choice:nth-child(11)")
        press(page, "#pad .digitlib-keep-it")
        page.locator("#pad .digitlib-said:has-text('Kept as no digit.')").wait_for()
        assert len(list(table.parent.glob("*.png"))) == 1
        page.locator("#pad .digitlib-kept summary").click()
        page.locator("#pad .digitlib-remove").click()
        for place in ("pad", "uploader"):  # both lists of the page know
            page.locator(f"#{place} .digitlib-kept").wait_for(state="hidden")
        assert list(table.parent.glob("*.png")) == []
        with page.expect_file_chooser():
            press(page, "button.digitlib-upload")  # the way round drawing
        press(page, "#pad .digitlib-undo")
        page.locator(".digitlib-sure:has-text('Draw a digit')").first.wait_for()
        assert keep.is_disabled()


def press(page, selector):
    """Reach something with the tabulator alone, and press it."""
    page.locator("body").focus()
    page.evaluate("document.activeElement.blur()")
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            page.keyboard.press("Enter")
            return
    pytest.fail(f"{selector} cannot be reached by keyboard")


def test_less_motion_and_forced_colours(app):
    bar = "e => [getComputedStyle(e).transitionDuration, getComputedStyle(e).backgroundColor]"
    with opened(app[0]) as page:
        browsing.draw_seven(page)
        browsing.answer_is(page, "7")
        best = page.locator("#pad .best .digitlib-bar")
        assert best.evaluate(bar)[0] != "0s"
        page.emulate_media(reduced_motion="reduce", forced_colors="active")
        duration, colour = best.evaluate(bar)
        assert duration == "0s" and colour not in ("rgba(0, 0, 0, 0)", "rgb(255, 255, 255)")
        browsing.shoot(page, "app-forced-colours")


def large_photo(digit: str, kind: str, orientation: int, seed: int) -> bytes:
    """Return a made-up photo of twelve megapixels, stored as a camera held like this does it."""
    rng = np.random.default_rng(seed)
    lines = [1000 + 1600 * smooth(stroke) for stroke in DIGITS[digit][0]]
    ink = draw(lines, (4000, 3000), 90)[..., None]
    light = np.linspace(1.0, rng.uniform(0.5, 0.8), 4000)[None, :, None]
    page = (230 - (230 - rng.uniform(30, 90, 3)) * ink) * light
    image = Image.fromarray(np.uint8(np.clip(page + rng.normal(0, 5, page.shape), 0, 255)))
    exif = Image.Exif()
    exif[Base.Orientation] = orientation
    exif.get_ifd(IFD.GPSInfo)[1] = "N"
    if orientation == 6:
        image = image.transpose(Image.Transpose.ROTATE_90)
    file = io.BytesIO()
    fast = {"JPEG": {"quality": 92}, "PNG": {"compress_level": 1}, "WEBP": {"method": 0}}
    image.save(file, kind, exif=exif, **fast[kind])
    return file.getvalue()


def test_large_photos_are_made_smaller_and_upright_and_read_the_same(app, tmp_path):
    reader, sent, photos = Recognizer(), [], {}
    for seed, (digit, kind, orientation) in enumerate(
        [("2", "JPEG", 6), ("5", "JPEG", 1), ("7", "PNG", 1), ("3", "WEBP", 1)]
    ):
        path = tmp_path / f"{digit}.{kind.lower()}"
        path.write_bytes(large_photo(digit, kind, orientation, seed))
        photos[path] = kind, digit

    with opened(app[0]) as page:
        page.on("request", lambda r: sent.append(r.post_data_buffer) if r.post_data_buffer else 0)
        browsing.upload(page, list(photos))
        page.locator(".digitlib-result .digitlib-sure").nth(3).wait_for(timeout=90_000)
        shown = page.locator(".digitlib-result .digitlib-text").all_text_contents()
    assert shown == [digit for _, digit in photos.values()]
    smaller = [body for body in sent if len(body) > 1000]
    for (path, (kind, digit)), content in zip(photos.items(), smaller, strict=True):
        image = Image.open(io.BytesIO(content))
        assert image.format == kind and image.size == (2000, 1500)  # upright, and 2,000 at most
        assert not image.getexif(), "EXIF data were sent"
        whole, made = reader.read(path), reader.read(content)
        print(f"{path.name}: {whole.confidence:.4f} whole, {made.confidence:.4f} made smaller")
        assert whole.text == made.text == digit
        assert made.confidence == pytest.approx(whole.confidence, abs=0.02)


def test_dropped_pasted_chosen_and_too_large(app, tmp_path):
    large, bad = tmp_path / "large.png", tmp_path / "bad.png"
    large.write_bytes(GOOD.read_bytes() + bytes(51 * 2**20))
    bad.write_text("no")
    with opened(app[0]) as page:
        browsing.upload(page, [large])
        page.locator(".failed:has-text('51 MB, and 50 MB is the limit')").wait_for()
        browsing.upload(page, [bad, GOOD])  # a small one after it
        page.locator(".failed:has-text('is not a picture')").wait_for()
        results = page.locator(".digitlib-result")
        results.nth(2).locator(".digitlib-text:text-is('7')").wait_for()
        content = list((SAMPLES / "coloured.png").read_bytes())
        for kind, target in (("drop", "body"), ("drop", ".digitlib-drop"), ("paste", "body")):
            count = results.count()
            page.evaluate(
                """([kind, target, content]) => {
                  const data = new DataTransfer();
                  const bytes = new Uint8Array(content);
                  data.items.add(new File([bytes], kind + ".png", { type: "image/png" }));
                  const how = { bubbles: true, cancelable: true };
                  const event = kind === "drop"
                    ? new DragEvent("drop", { ...how, dataTransfer: data })
                    : new ClipboardEvent("paste", { ...how, clipboardData: data });
                  document.querySelector(target).dispatchEvent(event);
                }""",
                [kind, target, content],
            )
            results.nth(count).locator(".digitlib-text:text-is('5')").wait_for()
            assert results.count() == count + 1
        assert "4 of 6 read" in page.locator(".digitlib-summary").text_content()
        with page.expect_download() as download:
            page.get_by_role("button", name="Save as CSV").click()
        rows = list(csv.reader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
        assert [row[:2] for row in rows] == [
            *(["file", "text"], ["large.png", ""], ["bad.png", ""], ["dark_on_light.png", "7"]),
            *(["drop.png", "5"], ["drop.png", "5"], ["paste.png", "5"]),
        ]
        assert "50 MB" in rows[1][3] and float(rows[3][2]) > 0.9
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.get_by_role("button", name="Copy as CSV").click()
        page.get_by_role("button", name="Copied").wait_for()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert list(csv.reader(io.StringIO(copied))) == rows


def test_results_come_one_by_one(app, tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(8)]
    for path in paths:
        path.write_bytes(GOOD.read_bytes())
    with opened(app[0]) as page:
        held = []

        def hold_the_fifth(route):
            held.append(route)
            if len(held) != 5:
                route.continue_()

        page.route("**/ask?*", hold_the_fifth)
        browsing.upload(page, paths)
        done = page.locator(".digitlib-result:has(.digitlib-text:text-is('7'))")
        done.nth(3).wait_for()
        states = page.locator(".digitlib-state").all_text_contents()
        assert states[:4] == [""] * 4 and states[4] in ("sending", "reading")
        assert states[5:] == ["waiting"] * 3
        held[4].continue_()
        done.nth(7).wait_for()
        assert "8 of 8 read" in page.locator(".digitlib-summary").text_content()


def test_three_pages_at_once(tmp_path):
    """Fifty pictures each: all answered, none sees another's, and memory stays bounded."""
    sessions = [[tmp_path / f"session{i}-{j:02}.png" for j in range(50)] for i in range(3)]
    for path in itertools.chain(*sessions):
        path.write_bytes(GOOD.read_bytes())
    with browsing.app(tmp_path) as (process, address), browsing.pages_of(DESKTOP, 3) as pages:
        server = psutil.Process(process.pid)
        listening = [c for c in server.net_connections("inet") if c.status == "LISTEN"]
        assert listening and {c.laddr.ip for c in listening} == {"127.0.0.1"}
        for page, paths in zip(pages, sessions, strict=True):
            page.goto(address)
            page.locator(".digitlib-sample").first.wait_for(timeout=30_000)
            browsing.upload(page, paths)
        for page, paths in zip(pages, sessions, strict=True):
            last = page.locator(".digitlib-result").last
            last.locator(".digitlib-text:text-is('7')").wait_for(timeout=120_000)
            names = page.locator(".digitlib-result h3").all_text_contents()
            assert names == [path.name for path in paths]
            assert page.locator(".digitlib-result .digitlib-text").all_text_contents() == ["7"] * 50
        used = server.memory_info().rss / 2**20
        assert used < 600
        print(f"{used:.0f} MB after three pages with fifty pictures each")
