// The page that `kilonat report` writes, in headless Chromium, from the file system.
// Usage: node page_test.mjs PROGRAM      KILONAT_SCREENSHOTS=FOLDER keeps pictures.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { assertDrawn, assertPainted, browserTests, report, shots } from "./browser.mjs";
import { makeRun, makeStudy } from "./make_study.mjs";

const { program, opened, shot, loadAll, clip, attribute, time } = await browserTests();

const folder = mkdtempSync(join(tmpdir(), "kilonat-web-"));
let study;
let address;
let runAddress;

before(() => {
  study = makeStudy(join(folder, "study"));
  makeRun(join(folder, "run"));
  address = report(program, join(folder, "study"));
  runAddress = report(program, join(folder, "run"));
});
after(() => rmSync(folder, { recursive: true }));

/** Settings of a family that have a rate and a distance, told from the data alone. */
function settings(family, distance, rate) {
  const found = new Map();
  for (const p of study.points) {
    if (p.family !== family || p.status !== "done" || p.distances[distance] === undefined || p.rates[rate] === undefined) continue;
    found.set(p.label, [...(found.get(p.label) ?? []), p]);
  }
  return found;
}
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

test("every chart is drawn with data", async () => {
  const { page, finish } = await opened(address);
  await assertDrawn(page, ["rate-distortion", "target-rate", "channels", "rates", "curves"]);
  await loadAll(page);
  await assertPainted(page);
  await shot(page, "desktop-light");
  await finish();
});

test("means and error bars are those of the seeds", async () => {
  const { page, finish } = await opened(address);
  const rows = await page.locator("#rate-distortion .numbers tbody tr").evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)));
  const points = [...settings("gaussian", "mel_distance", "kl_kbps")];
  assert.equal(rows.filter((row) => row[0].startsWith("VAE, rate")).length, points.length);
  for (const [label, seeds] of points) {
    const row = rows.find((r) => r[0].startsWith("VAE, rate") && r[1] === label);
    assert.equal(row[2], String(seeds.length));
    const values = seeds.map((p) => p.distances.mel_distance);
    const sd = Math.sqrt(values.reduce((a, v) => a + (v - mean(values)) ** 2, 0) / (values.length - 1));
    const [shownMean, shownSd] = row[4].split(" ± ").map(Number);
    // Shown with three and two significant digits.
    assert.ok(Math.abs(shownMean - mean(values)) <= 0.0051 * mean(values), label);
    assert.ok(Math.abs(shownSd - sd) <= 0.051 * sd, label);
  }
  await finish();
});

test("what was not measured is no point", async () => {
  const { page, finish } = await opened(address);
  const families = { gaussian: "kl_kbps", fixed_beta: "kl_kbps", rvq: "nominal_kbps", opus: "actual_kbps" };
  const expected = (distance) => Object.entries(families).reduce((n, [family, rate]) => n + settings(family, distance, rate).size, 0);
  const rows = page.locator("#rate-distortion .numbers tbody tr");
  assert.equal(await rows.count(), expected("mel_distance"));
  const note = page.locator("#rate-distortion .notes");
  assert.match(await note.textContent(), /VAE 16 kbit\/s, seeds 0, 1, 2: missing \(not run yet\)/);
  assert.match(await note.textContent(), /VAE 8 kbit\/s, seed 2: failed/);
  await page.locator("#rate-distortion").getByText("ViSQOL", { exact: true }).click();
  assert.equal(await rows.count(), expected("visqol_moslqo"));
  assert.ok(expected("visqol_moslqo") < expected("mel_distance"));
  assert.match(await note.textContent(), /RVQ 2 codebooks, seed 0: ViSQOL not measured/);
  assert.equal(await page.locator("#points tbody tr").count(), study.points.length);
  const missing = await page.locator("#points tbody tr", { hasText: "rvq-8-seed0" }).locator("td").allTextContents();
  assert.equal(missing.filter((text) => text === "–").length, 1 + 7 + study.distances.length + 5, "steps, rates and their spread, distances and what tells of its latents: every figure of a missing point is a dash");
  await finish();
});

test("what a rate means is said under the chart, on paper too", async () => {
  const { page, finish } = await opened(address);
  const note = page.locator("#rate-distortion .notes");
  assert.match(await note.textContent(), /Coded rate\. VAEs: KL rate; RVQ: nominal rate of its codebooks; Opus: bits of its files/);
  await page.locator("#rate-distortion").getByText("Informative", { exact: true }).click();
  const meaning = note.getByText(/Informative rate\. VAEs: KL against .*; RVQ: entropy of its codes; Opus: bits of its files/);
  assert.equal(await meaning.isVisible(), true);
  await page.emulateMedia({ media: "print" });
  assert.equal(await meaning.isVisible(), true);
  await finish();
});

test("every seed's predictability of latents stands beside its distances, on paper too", async () => {
  const { page, finish } = await opened(address);
  const measures = { effective_rank: "Effective rank", lpc_gain_db: "Linear-predictive gain, dB", spectral_decay: "Spectral decay", shift_equivariance: "Shift equivariance", context_kl_kbps: "KL of the predicted frames, kbit/s" };
  assert.deepEqual((await page.locator("#points thead th").allTextContents()).slice(-5), Object.values(measures));
  const rows = await page.locator("#points tbody tr").evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)));
  for (const point of study.points) {
    const shown = rows.find((row) => row[0] === point.id).slice(-5);
    if (point.latent) Object.keys(measures).forEach((name, i) => assert.ok(Math.abs(Number(shown[i]) / point.latent[name] - 1) < 0.0051, `${point.id} ${name}: ${shown[i]}`));
    else assert.deepEqual(shown, ["–", "–", "–", "–", "–"], point.id);
  }
  await page.setViewportSize({ width: 718, height: 1047 }); // A4 within Chromium's margins
  await page.emulateMedia({ media: "print" });
  const { left, right } = await page.locator("#points table").evaluate((table) => table.getBoundingClientRect());
  assert.ok(left >= 0 && right <= 718, `the table ends at ${right} of 718 pixels`);
  await finish();
});

test("distance, rate and families can be switched", async () => {
  const { page, finish } = await opened(address);
  const drawing = () => page.locator("#rate-distortion .plot").innerHTML();
  const dots = () => page.locator('#rate-distortion .plot svg [aria-label="dot"] > *').count();
  const first = await drawing();
  await page.locator("#rate-distortion").getByText("SI-SDR", { exact: true }).click();
  assert.notEqual(await drawing(), first);
  assert.match(await drawing(), /SI-SDR \[dB\], higher is better/);
  await page.locator("#rate-distortion").getByText("Predictive", { exact: true }).click();
  assert.match(await drawing(), /Predictive rate/);
  await page.locator("#rate-distortion").getByText("Coded", { exact: true }).click();
  const all = await dots();
  await page.locator('#rate-distortion .legend [data-family="opus"]').click();
  assert.equal(await dots(), all - settings("opus", "si_sdr_db", "actual_kbps").size);
  assert.equal(await page.locator('.tile[data-version^="opus"]:visible').count(), 0, "one switch for the whole page");
  await finish();
});

test("sound plays, and a switch keeps the position", async () => {
  const { page, finish } = await opened(address);
  const one = clip(page, "pluck.wav");
  await one.scrollIntoViewIfNeeded();
  await one.getByRole("button", { name: "Play" }).click();
  await page.waitForFunction(() => Number(document.querySelector('.clip[data-clip="pluck.wav"]').dataset.time) > 0.25);
  const before = await time(one);
  await one.locator('.tile[data-version="gaussian-2-seed0"]').click();
  await page.waitForFunction(() => window.started.length === 2);
  const started = await page.evaluate(() => window.started);
  assert.equal(started[0].offset, 0);
  assert.ok(started[1].offset >= before, `switched at ${started[1].offset} s, was at ${before} s`);
  assert.equal(await attribute(one, "data-taken"), "gaussian-2-seed0");
  for (const { peak, rate, seconds } of started) {
    assert.ok(peak > 0.05, "it is no silence");
    assert.equal(rate, 16000);
    assert.ok(Math.abs(seconds - 1.6) < 1e-6);
  }
  await page.waitForFunction(() => document.querySelector('.clip[data-clip="pluck.wav"]').dataset.playing === "false"); // to the end
  assert.equal(await time(one), 0);
  await finish();
});

test("one clip at a time", async () => {
  const { page, finish } = await opened(address);
  for (const name of ["pluck.wav", "bell.wav"]) await clip(page, name).getByText("Loop").click();
  await clip(page, "pluck.wav").getByRole("button", { name: "Play" }).click();
  await page.waitForFunction(() => window.started.length === 1);
  await clip(page, "bell.wav").getByRole("button", { name: "Play" }).click();
  await page.waitForFunction(() => window.started.length === 2);
  assert.equal(await attribute(clip(page, "pluck.wav"), "data-playing"), "false");
  assert.equal(await attribute(clip(page, "bell.wav"), "data-playing"), "true");
  await finish();
});

test("the keyboard plays, switches, seeks and zooms", async () => {
  const { page, finish } = await opened(address);
  const one = clip(page, "bell.wav");
  await one.locator('.tile[data-version="original"]').focus();
  await page.keyboard.press(".");
  assert.equal(await time(one), 0.5);
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction(() => document.querySelector('.clip[data-clip="bell.wav"]').dataset.taken !== "original");
  assert.equal(await time(one), 0.5, "a silent switch keeps the position");
  await page.keyboard.press("+");
  assert.equal(await attribute(one, "data-view"), "0.100 0.900", "half the clip around the position");
  await page.keyboard.press("0");
  assert.equal(await attribute(one, "data-view"), "0.000 1.600");
  await page.keyboard.press("Space");
  await page.waitForFunction(() => window.started.length === 1);
  assert.ok(Math.abs((await page.evaluate(() => window.started[0].offset)) - 0.5) < 0.05);
  await page.keyboard.press("Space");
  assert.equal(await attribute(one, "data-playing"), "false");
  await finish();
});

test("Space presses the control that has the focus", async () => {
  const { page, finish } = await opened(address);
  const one = clip(page, "bell.wav");
  const press = async (button) => {
    await button.focus();
    await page.keyboard.press("Space");
  };
  const loop = one.getByRole("button", { name: "Loop" });
  await press(loop);
  assert.equal(await attribute(loop, "aria-pressed"), "true");
  await press(one.getByRole("button", { name: "Zoom in" }));
  assert.equal(await attribute(one, "data-view"), "0.000 0.800");
  assert.equal(await page.evaluate(() => window.started.length), 0, "neither plays");
  await press(one.locator('.tile[data-version="gaussian-2-seed0"]'));
  await page.waitForFunction(() => window.started.length === 1);
  assert.equal(await attribute(one, "data-taken"), "gaussian-2-seed0", "another version is taken and plays");
  await page.keyboard.press("o");
  await page.waitForFunction(() => window.started.length === 2);
  await page.keyboard.press("Space");
  assert.equal(await attribute(one, "data-playing"), "false", "the focus went to the original with O");
  assert.equal(await attribute(one, "data-taken"), "original");
  await press(one.getByRole("slider", { name: "Position" }));
  await page.waitForFunction(() => window.started.length === 3);
  await press(one.getByRole("button", { name: "Pause" }));
  assert.equal(await attribute(one, "data-playing"), "false");
  await finish();
});

test("labels of versions are whole, and pictures side by side level", async () => {
  const { page, finish } = await opened(address);
  const labels = await page.locator(".tile .label").evaluateAll((all) => all.map((e) => ({ text: e.textContent, cut: e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight })));
  assert.ok(labels.some(({ text }) => text === "RVQ 2 codebooks"));
  assert.deepEqual(labels.filter(({ cut }) => cut), []);
  const tops = await clip(page, "bell.wav").locator('.family[data-row="rvq"] .picture').evaluateAll((all) => all.map((e) => e.getBoundingClientRect().top));
  assert.equal(new Set(tops).size, 1);
  await finish();
});

test("a sound that is not there is shown as missing", async () => {
  const { page, finish } = await opened(address);
  const absent = clip(page, "siren.wav").locator('.tile[data-version="rvq-4-seed0"]');
  assert.equal(await absent.isDisabled(), true);
  assert.match(await absent.textContent(), /missing.*siren\.wav/);
  assert.match(await clip(page, "siren.wav").locator('.tile[data-version="gaussian-16-seed0"]').textContent(), /not run yet/);
  await finish();
});

test("the CSV that is saved has every point", async () => {
  const { page, finish } = await opened(address);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByText("Download CSV").click()]);
  const lines = readFileSync(await download.path(), "utf8").trim().split("\r\n");
  assert.equal(lines.length, study.points.length + 1);
  assert.match(lines[0], /^id,family,label,status/);
  const [svg] = await Promise.all([page.waitForEvent("download"), page.locator("#rate-distortion").getByText("Save SVG").click()]);
  const drawing = readFileSync(await svg.path(), "utf8");
  assert.match(drawing, /^<svg[^]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  await finish();
});

test("light and dark", async () => {
  const { page, finish } = await opened(address, { colorScheme: "dark" });
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await paper();
  await page.locator("#rate-distortion .plot svg").hover({ position: { x: 500, y: 250 } });
  const tip = await page.locator("#rate-distortion .plot svg").evaluate((svg) => getComputedStyle(svg).getPropertyValue("--plot-background"));
  assert.equal(tip, await page.evaluate(() => getComputedStyle(document.body).getPropertyValue("--card")), "tips are dark too");
  await loadAll(page);
  await shot(page, "desktop-dark");
  await page.getByText("Light", { exact: true }).click();
  assert.notEqual(await paper(), dark);
  await page.reload();
  await page.waitForSelector("main");
  assert.notEqual(await paper(), dark, "the choice is kept");
  await finish();
});

test("fits a phone", async () => {
  const { page, finish } = await opened(address, { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `${wide} pixels too wide`);
  const last = await page.locator("#points .scroll").evaluate((box) => {
    box.scrollLeft = box.scrollWidth;
    const [head, cell] = [box.querySelector("tbody th"), box.querySelector("tbody td:last-child")].map((e) => e.getBoundingClientRect());
    return { scrolls: box.scrollWidth > box.clientWidth, inside: cell.right <= innerWidth && head.left >= 0 && head.right <= cell.left };
  });
  assert.deepEqual(last, { scrolls: true, inside: true }, "the table of points scrolls in its own box, its names stay");
  await loadAll(page);
  await shot(page, "phone");
  await finish();
});

test("prints", async () => {
  const { page, finish } = await opened(address, { colorScheme: "dark" });
  await loadAll(page);
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator("nav").isVisible(), false);
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(255, 255, 255)");
  const pdf = await page.pdf(shots ? { path: join(shots, "print.pdf"), format: "A4" } : { format: "A4" });
  assert.equal(pdf.subarray(0, 5).toString(), "%PDF-");
  await finish();
});

test("a single run has its curves and sounds", async () => {
  const { page, finish } = await opened(runAddress);
  await loadAll(page);
  assert.equal(await page.locator("#curves .plot").evaluateAll((all) => all.filter((p) => p.dataset.drawn !== "yes").length), 0);
  assert.ok(await page.locator("#curves .plot svg").count() >= 5);
  const tiles = await page.locator(".clip").first().locator(".tile").allTextContents();
  assert.equal(tiles.length, 2);
  assert.match(tiles[0], /^Original/);
  await shot(page, "run");
  await finish();
});
