"""The page in a real browser, from file://, with the network watched."""

import json
import re
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from radiogenomics import tables
from radiogenomics.report.build import build
from radiogenomics.report.load import load
from tests.unit.report import results_folder

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --window-size=1400,1000"
)
pytestmark = [
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER), reason="needs chromium and chromedriver (apt-get install chromium-driver)"
    ),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in [*FLAGS.split(), f"--user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


def state(browser):
    return browser.execute_script("return document.documentElement.dataset.state")


def show(browser, page):
    browser.get_log("performance")
    browser.get(page.as_uri())
    WebDriverWait(browser, 20).until(state)


@pytest.fixture
def opened(browser, page):
    show(browser, page)
    assert state(browser) == "ready"
    return browser


@pytest.fixture(scope="module")
def two_analyses(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    results_folder.write(folder, results_folder.Size(image_types=1, markers=4, analyses=("CT", "PET")))
    build(results=folder, output=folder, title="two", settings="{}")
    return folder / "index.html"


def cells(browser, name):
    shown = f"[...document.querySelectorAll('#grid tbody td.{name}')].map((cell) => cell.textContent)"
    return browser.execute_script(f"return {shown}")


def row_count(browser):
    return browser.find_element(By.ID, "row-count").text.replace("\u202f", "")


def choose(browser, element, value):
    browser.execute_script(
        f"const e = document.getElementById('{element}'); e.value = arguments[0]; e.dispatchEvent(new Event('change'))",
        value,
    )


def search(browser, words):
    box = browser.find_element(By.ID, "search")
    box.clear()
    box.send_keys(words)
    time.sleep(0.3)


def pixels(browser):
    """Number of colour values of the volcano's pixels that are not 0."""
    return browser.execute_script(
        "const c = document.getElementById('volcano');"
        "return Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).filter((v) => v).length"
    )


def test_page_opens_from_a_file_without_errors_or_requests(opened, page):
    messages = [json.loads(entry["message"])["message"] for entry in opened.get_log("performance")]
    sent = [message["params"] for message in messages if message["method"] == "Network.requestWillBeSent"]
    urls = [request["request"]["url"] for request in sent if not request["documentURL"].startswith("chrome:")]
    assert {url for url in urls if not url.startswith("data:")} == {page.as_uri()}
    assert [entry for entry in opened.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_table_starts_with_the_smallest_p_of_the_crude_adjustment(opened, study):
    crude = load(study).results.query("adjustment == 'crude'")
    best = crude.loc[crude["neg_log10_p"].idxmax()]
    assert cells(opened, "feature")[0] == best["feature"]
    assert cells(opened, "marker")[0] == best["marker"]
    assert row_count(opened) == f"{len(crude)} rows shown, adjustment crude"


def test_sorting_by_a_header_orders_rows_and_keeps_missing_ones_last(opened, study):
    crude = load(study).results.query("adjustment == 'crude'")
    button = opened.find_element(By.CSS_SELECTOR, "#grid button[data-key=estimate]")
    opened.execute_script("arguments[0].click()", button)
    shown = opened.execute_script(
        "return [...document.querySelectorAll('#grid tbody tr')].map((r) => r.cells[3].textContent)"
    )
    assert shown[0].replace("−", "-") == f"{crude['estimate'].min():.2f}"
    opened.execute_script("arguments[0].click()", button)
    first = opened.execute_script("return document.querySelector('#grid tbody tr').cells[3].textContent")
    assert first.replace("−", "-") == f"{crude['estimate'].max():.2f}"
    assert button.find_element(By.XPATH, "..").get_attribute("aria-sort") == "descending"
    opened.execute_script("const g = document.getElementById('grid'); g.scrollTop = g.scrollHeight")
    time.sleep(0.2)
    last = opened.execute_script("return [...document.querySelectorAll('#grid tbody tr')].at(-1).textContent")
    assert "not tested: " in last
    assert "–" in last


def test_search_needs_every_word_in_feature_or_marker(opened, study):
    crude = load(study).results.query("adjustment == 'crude'")
    wanted = crude["feature"].str.contains("glcm") & crude["marker"].str.contains("KRAS")
    search(opened, "GLCM kras")
    assert row_count(opened).startswith(f"{wanted.sum()} rows")
    search(opened, '<b>&"x')
    assert set(cells(opened, "marker")) == {results_folder.NASTY_MARKER}
    search(opened, "nothing like this")
    assert row_count(opened).startswith("0 rows")


def test_not_tested_rows_are_shown_with_their_reason(opened, study):
    crude = load(study).results.query("adjustment == 'crude'")
    choose(opened, "status", "untested")
    assert row_count(opened).startswith(f"{(crude['flag'] != '').sum()} rows")
    assert all(cell.startswith("not tested: ") for cell in cells(opened, "status"))
    assert set(cells(opened, "ci")) == {"–"}


def test_adjustment_switch_redraws_the_volcano_and_the_table(opened, study):
    before = pixels(opened)
    opened.execute_script("document.querySelector('#adjustment input[value=\"2\"]').click()")
    assert 0 < pixels(opened) != before > 0
    assert set(cells(opened, "adjustment")) == {"full"}
    hits = (load(study).results.query("adjustment == 'full'")["q_two_level"] < 0.05).sum()
    choose(opened, "status", "hit")
    assert row_count(opened).startswith(f"{hits} row")


def test_click_on_a_mark_shows_the_pair_under_all_adjustments(opened):
    opened.execute_script("document.getElementById('volcano').scrollIntoView()")
    canvas = opened.find_element(By.ID, "volcano")
    canvas.send_keys("\ue014")  # right arrow: the smallest p
    assert "estimate" in opened.find_element(By.ID, "tip").text
    canvas.send_keys("\ue007")  # enter
    assert row_count(opened) == "3 rows shown"
    assert set(cells(opened, "adjustment")) == set(tables.ADJUSTMENTS)
    assert len(opened.find_elements(By.CSS_SELECTOR, "#detail svg .whisker")) == 3
    opened.execute_script("document.getElementById('clear-pair').click()")
    assert not row_count(opened).startswith("3 rows")


def box(browser, selector):
    edges = "const r = document.querySelector(arguments[0]).getBoundingClientRect();"
    return browser.execute_script(f"{edges} return [r.left, r.right, r.top, r.bottom]", selector)


def overflow(browser, selector):
    """Pixels by which the content of an element is wider than the element."""
    return browser.execute_script(
        "const e = document.querySelector(arguments[0]); return e.scrollWidth - e.clientWidth", selector
    )


def select_strongest(browser):
    canvas = browser.find_element(By.ID, "volcano")
    browser.execute_script("arguments[0].scrollIntoView()", canvas)
    canvas.send_keys("\ue014", "\ue007")
    return canvas


def tip_is_shown(browser):
    return browser.execute_script("return !document.getElementById('tip').hidden")


@pytest.mark.parametrize(
    "leave",
    [
        "document.querySelector('#adjustment input[value=\"1\"]').click()",
        "document.getElementById('volcano').blur()",
        "document.getElementById('volcano').dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }))",
    ],
)
def test_tip_goes_when_the_adjustment_changes_on_blur_and_on_escape(opened, leave):
    select_strongest(opened)
    assert tip_is_shown(opened)
    opened.execute_script(leave)
    assert not tip_is_shown(opened)


def test_selected_pair_leaves_no_blank_space_and_its_detail_fits(opened):
    select_strongest(opened)
    left, right, _, _ = box(opened, "#detail")
    inner_left, inner_right, _, _ = box(opened, "#detail table")
    assert left < inner_left < inner_right < right
    assert overflow(opened, "#detail") == 0
    _, _, top, bottom = box(opened, "#grid")
    assert bottom - top < 36 + 3 * 34 + 30
    assert opened.find_element(By.ID, "clear-pair").text == "Show all pairs"


@pytest.mark.parametrize(("control", "value"), [("status", "tested"), ("rows", "all")])
def test_controls_of_the_table_release_the_selected_pair(opened, control, value):
    select_strongest(opened)
    assert row_count(opened) == "3 rows shown"
    choose(opened, control, value)
    assert not row_count(opened).startswith("3 rows")
    assert not opened.find_element(By.ID, "clear-pair").is_displayed()


def test_search_without_a_match_says_so(opened):
    search(opened, "nothing like this")
    assert opened.find_element(By.ID, "grid").text.endswith("No pair matches.")
    search(opened, "glcm")
    assert "No pair matches" not in opened.find_element(By.ID, "grid").text


def test_reason_of_a_pair_that_was_not_tested_is_not_cut(opened):
    choose(opened, "status", "untested")
    cut = "return [...document.querySelectorAll('#grid .two-lines')].filter((e) => e.scrollHeight > e.clientHeight + 1)"
    assert opened.execute_script(f"{cut}.length") == 0
    heights = "return [...document.querySelectorAll('#grid tbody tr')].map((row) => row.offsetHeight)"
    assert set(opened.execute_script(heights)) == {34}


def test_another_analysis_clears_the_selected_pair_of_the_first(browser, two_analyses):
    show(browser, two_analyses)
    select_strongest(browser)
    assert browser.find_element(By.ID, "detail").text.startswith("Analysis CT")
    assert tip_is_shown(browser)
    choose(browser, "analysis", "1")
    assert browser.find_element(By.ID, "detail").text.startswith("No pair selected")
    assert not tip_is_shown(browser)
    assert "analysis PET, adjustment crude" in browser.find_element(By.ID, "volcano-title").text


def test_nothing_tested_is_said_in_the_plot(browser, tmp_path):
    names = results_folder.features(results_folder.Size(features=3))
    table = results_folder.results(names, ["A:lof"], ("CT",), 52, np.random.default_rng(5))
    assert (table["flag"] != "").all()
    provenance = results_folder.record("association", results_folder.SETTINGS)
    tables.RESULTS.write(table, tmp_path / "association/results.parquet", provenance)
    build(results=tmp_path, output=tmp_path, title="t", settings="{}")
    show(browser, tmp_path / "index.html")
    assert state(browser) == "ready"
    assert "No pair could be tested" in browser.find_element(By.ID, "volcano-caption").text
    assert pixels(browser) > 0


def test_a_rank_test_has_a_mark_and_no_interval(browser, tmp_path):
    names = results_folder.features(results_folder.Size(features=30))
    table = results_folder.results(names, ["A:lof", "B:lof", "C:lof"], ("CT",), 52, np.random.default_rng(5))
    table = table.assign(effect=tables.EFFECTS[1], se=np.nan, ci_low=np.nan, ci_high=np.nan)
    provenance = results_folder.record("association", results_folder.SETTINGS | {"model": "rank"})
    tables.RESULTS.write(table, tmp_path / "association/results.parquet", provenance)
    build(results=tmp_path, output=tmp_path, title="t", settings="{}")
    show(browser, tmp_path / "index.html")
    assert state(browser) == "ready"
    browser.find_element(By.ID, "volcano").send_keys("\ue014", "\ue007")
    assert len(browser.find_elements(By.CSS_SELECTOR, "#detail svg [class^=adjustment]")) == 3
    assert browser.find_elements(By.CSS_SELECTOR, "#detail svg .whisker") == []
    assert "P − ½" in browser.find_element(By.ID, "detail").text


def test_no_minus_before_what_rounds_to_zero(opened):
    script = (Path(build.__code__.co_filename).parent / "static/format.js").read_text()
    shown = opened.execute_script(f"{script}; return [-0.001, -0, -1.005, 0.2].map((value) => formatNumber(value))")
    assert shown == ["0.00", "0.00", "−1.00", "0.20"]


def test_wide_tables_fit_a_wide_window(opened):
    assert overflow(opened, ".tall:has(#image-table)") == 0
    assert overflow(opened, "#hits .scroll") == 0


def test_what_can_be_clicked_is_large_enough(opened):
    targets = "button, select, input[type=search], label.check, summary, .segments span"
    small = "[...document.querySelectorAll(arguments[0])].map((e) => [e, e.getBoundingClientRect()])"
    small += ".filter(([, r]) => r.width && Math.min(r.width, r.height) < 24).map(([e]) => e.outerHTML)"
    assert opened.execute_script(f"return {small}", targets) == []


def test_picture_opens_with_a_caption(opened):
    opened.execute_script("document.querySelector('#gallery .zoom').click()")
    words = opened.find_element(By.ID, "picture-caption").text
    assert re.fullmatch(r"P\d+ · P\d+_ct · GTV · flags: .+", words)
    opened.execute_script("document.getElementById('picture').close()")


def test_narrow_window_has_a_menu_and_shows_estimates_and_q_of_the_leading_pairs(opened):
    size = {"width": 420, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        assert opened.find_element(By.CSS_SELECTOR, "#menu summary").is_displayed()
        opened.execute_script("document.querySelector('#menu summary').click()")
        opened.execute_script("document.querySelector('#menu a[href=\"#comparison\"]').click()")
        assert opened.execute_script("return document.getElementById('menu').open") is False
        assert overflow(opened, "html") == 0
        assert overflow(opened, "#comparison .scroll") == 0
        assert box(opened, "#comparison tbody td.n:last-child")[1] <= 420
    finally:
        opened.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_image_filter_hides_other_patients(opened):
    box = opened.find_element(By.ID, "image-search")
    box.send_keys("p013")
    time.sleep(0.3)
    shown = opened.execute_script(
        "return [...document.querySelectorAll('#image-table tbody tr:not([hidden]) th')].map((c) => c.textContent)"
    )
    assert shown == ["P013"]
    assert opened.find_element(By.ID, "image-count").text == "1 region shown"


def test_overlays_are_decoded_only_when_in_sight(opened):
    waiting = "return document.querySelectorAll('#gallery img[data-png]').length"
    assert opened.execute_script(waiting) == 10
    opened.execute_script("document.getElementById('gallery').scrollIntoView()")
    time.sleep(0.4)
    assert opened.execute_script(waiting) < 10
    assert opened.execute_script("return document.querySelector('#gallery img').naturalWidth") == 288


def test_browser_without_decompression_says_so(browser, page, tmp_path):
    html = re.sub("script-src 'sha256-[^']*'", "script-src 'unsafe-inline'", page.read_text(encoding="utf-8"), count=1)
    (tmp_path / "old.html").write_text(
        html.replace("<body>", "<body><script>delete window.DecompressionStream</script>", 1)
    )
    show(browser, tmp_path / "old.html")
    assert state(browser) == "failed"
    assert "cannot unpack" in browser.find_element(By.ID, "data-message").text


def test_downloaded_rows_are_those_shown(opened, study):
    crude = load(study).results.query("adjustment == 'crude'").reset_index(drop=True)
    saved = """const parts = []; const real = URL.createObjectURL;
        URL.createObjectURL = (blob) => { window.saved = blob; return real(blob); };
        HTMLAnchorElement.prototype.click = () => {};
        document.getElementById('download').click();
        window.saved.text().then(arguments[arguments.length - 1]);"""
    lines = opened.execute_async_script(saved).splitlines()
    assert len(lines) == len(crude) + 1
    first = dict(zip(lines[0].split("\t"), lines[1].split("\t"), strict=True))
    best = crude.loc[crude["neg_log10_p"].idxmax()]
    assert first["feature"] == best["feature"]
    assert float(first["estimate"]) == pytest.approx(best["estimate"], rel=1e-6)
    last = dict(zip(lines[0].split("\t"), lines[-1].split("\t"), strict=True))
    assert last["estimate"] == ""
    assert last["flag"] in tables.NOT_TESTED_REASONS[1:]


def test_three_hundred_thousand_rows_become_ready_sort_and_search(browser, tmp_path):
    size = results_folder.Size(features=5000)
    names = results_folder.features(size)
    markers = [f"G{k:02d}:lof" for k in range(20)]
    table = results_folder.results(names, markers, ("CT",), 200, np.random.default_rng(5))
    assert len(table) == 300_000
    provenance = results_folder.record("association", results_folder.SETTINGS)
    tables.RESULTS.write(table, tmp_path / "association/results.parquet", provenance)
    build(results=tmp_path, output=tmp_path, title="large", settings="{}")
    show(browser, tmp_path / "index.html")
    assert state(browser) == "ready"
    ready_ms = int(browser.execute_script("return document.documentElement.dataset.ready"))
    click = "document.querySelector('#grid button[data-key=rho]').click()"
    sort_ms = browser.execute_script(f"const t = performance.now(); {click}; return performance.now() - t")
    print(f"{(tmp_path / 'index.html').stat().st_size / 1e6:.1f} MB, ready {ready_ms} ms, sort {sort_ms:.0f} ms")
    assert ready_ms < 10_000
    assert sort_ms < 2_000
    choose(browser, "rows", "all")
    assert row_count(browser).startswith("300000 rows")
    browser.execute_script("const g = document.getElementById('grid'); g.scrollTop = g.scrollHeight")
    time.sleep(0.2)
    assert (
        browser.execute_script("return [...document.querySelectorAll('#grid tbody tr')].at(-1).ariaRowIndex")
        == "300001"
    )
