// The generation section of the page that `kilonat report` writes, in headless Chromium: alone and
// beside a rate-distortion study. Usage: node generation_test.mjs PROGRAM

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { assertDrawn, assertPainted, browserTests, report } from "./browser.mjs";
import { makeGeneration } from "./make_generation.mjs";
import { makeStudy } from "./make_study.mjs";

const { program, opened, shot, loadAll, clip, attribute, time } = await browserTests();

const FIGURES = ["quality", "best", "eta", "guidance", "confusion", "correlations", "curves"].map((name) => `generation-${name}`);
const folder = mkdtempSync(join(tmpdir(), "kilonat-web-"));
let study;
let generation;
let address;
let bothAddress;

before(() => {
  generation = makeGeneration(join(folder, "generation"));
  study = makeStudy(join(folder, "both"));
  cpSync(join(folder, "generation"), join(folder, "both"), { recursive: true });
  address = report(program, join(folder, "generation"));
  bothAddress = report(program, join(folder, "both"));
});
after(() => rmSync(folder, { recursive: true }));

const done = (kbps) => generation.points.filter((p) => p.status === "done" && p.target_kbps === kbps);
const text = (page, id) => page.locator(`#${id}`).textContent();
const choose = (page, id, label) => page.locator(`#${id} select`).first().selectOption({ label });
const tableOf = (page, id) => page.locator(`#${id} .numbers tbody tr`).evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)));

test("every chart of a generation study is drawn with data", async () => {
  const { page, finish } = await opened(address);
  await assertDrawn(page, FIGURES);
  await loadAll(page);
  await assertPainted(page);
  await shot(page, "generation-light");
  await finish();
});

test("it stands beside a rate-distortion study", async () => {
  const { page, finish } = await opened(bothAddress);
  await assertDrawn(page, ["rate-distortion", "target-rate", "channels", "rates", "curves", ...FIGURES]);
  assert.equal(await page.locator("h1").textContent(), study.name);
  assert.match(await page.locator(".kind").textContent(), /^Rate-distortion study and generation study$/);
  const links = await page.locator("nav a").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
  assert.equal(new Set(links).size, links.length);
  for (const link of links) assert.equal(await page.locator(link).count(), 1, link);
  assert.equal(await page.locator("#points tbody tr").count(), study.points.length);
  assert.equal(await page.locator("#generation-points tbody").first().locator("tr").count(), generation.points.length);
  const codecs = new Set(generation.points.filter((p) => Object.keys(p.reconstruction ?? {}).length > 0).map((p) => p.codec_point));
  assert.ok(codecs.size > 1);
  assert.equal(await page.locator("#generation-points tbody").nth(1).locator("tr").count(), generation.anchors.length + codecs.size);
  await page.locator('.legend [data-family="gaussian"]').first().click();
  await assertDrawn(page, FIGURES); // the families' switch is not theirs
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByText("Generation CSV").click()]);
  const lines = readFileSync(await download.path(), "utf8").trim().split("\r\n");
  assert.equal(lines.length, generation.points.length + generation.anchors.length + 1);
  assert.match(lines[0], /^id,codec_point,status,why,target_kbps,kl_kbps/);
  await finish();
});

test("what is missing is said and not drawn", async () => {
  const { page, finish } = await opened(address);
  assert.match(await page.locator(".missing-list").textContent(), /3 of 10 points are not there.*4 kbit\/s \(generator seed 1\): failed \(step 812.*8 kbit\/s.*missing \(not run yet\)/);
  const notes = () => page.locator("#generation-quality .notes").textContent();
  // Full dots are rates, and 8 kbit/s has none; crosses stand where the two rates lack points.
  const dots = (place) => page.locator('#generation-quality .plot svg [aria-label="dot"]').nth(place).locator("> *").count();
  const groups = await page.locator('#generation-quality .plot svg [aria-label="dot"]').count();
  assert.equal(await dots(groups - 1), 4, "means of four rates");
  assert.match(await notes(), /8 kbit\/s \(generator seed 0; generator seed 1\): missing \(not run yet\)/);
  await choose(page, "generation-quality", "FAD (in-domain)");
  assert.match(await notes(), /1 kbit\/s \(generator seed 1\): FAD \(in-domain\) not measured/);
  assert.match(await notes(), /Without this metric: real, silence, noise/);
  await page.locator("#generation-quality").getByText("Predictive", { exact: true }).click();
  assert.match(await notes(), /0\.5 kbit\/s .*Predictive rate not measured/);
  const rows = await page.locator("#generation-points tbody").first().locator("tr", { hasText: "gaussian-8-seed0.gen0" }).locator("td").allTextContents();
  const figures = rows.slice(-(1 + generation.metrics.length + 5));
  assert.ok(figures.every((cell) => cell === "–"), `η, metrics and measures of a missing point are dashes: ${figures}`);
  assert.match(await text(page, "generation-confusion"), /8 kbit\/smissing|missing/);
  assert.match(await text(page, "generation-best"), /Not among the draws: 8 kbit\/s/);
  assert.match(await text(page, "generation-correlations"), /not known/);
  await finish();
});

test("figures and intervals are those of the file", async () => {
  const { page, finish } = await opened(address);
  const rows = await tableOf(page, "generation-quality");
  assert.equal(rows.length, generation.points.length + generation.anchors.length);
  const { value, low, high } = done(2)[1].metrics.kad;
  const numbers = rows.find((row) => row[0] === "2 kbit/s, generator seed 1")[5].split(/[^\d.−]+/).filter(Boolean).map((n) => Number(n.replace("−", "-")));
  [value, low, high].forEach((expected, i) => assert.ok(Math.abs(numbers[i] - expected) <= Math.abs(expected) * 0.005, `${numbers[i]}: ${expected}, shown with three digits`));
  const mean = (done(2)[0].metrics.kad.value + done(2)[1].metrics.kad.value) / 2;
  const said = Number(/is best at 2 kbit\/s \(([\d.]+)/.exec(await text(page, "generation"))[1]);
  assert.ok(Math.abs(said - mean) <= mean * 0.005);
  const sums = await tableOf(page, "generation-confusion");
  const bell = sums.find((row) => row[0] === "2 kbit/s" && row[1] === "bell").slice(2).map(Number);
  assert.deepEqual(bell, generation.points[0].classes.map((_, j) => done(2).reduce((sum, p) => sum + p.confusion[0][j], 0)));
  await choose(page, "generation-confusion", "generator seed 1");
  const one = (await tableOf(page, "generation-confusion")).find((row) => row[0] === "2 kbit/s" && row[1] === "bell").slice(2).map(Number);
  assert.deepEqual(one, done(2)[1].confusion[0]);
  assert.deepEqual((await tableOf(page, "generation-correlations"))[0], ["Predictive rate", generation.metrics[0].label, "0.20 [−0.80, 0.90]", "4"]);
  await finish();
});

test("the best rate is marked, with how sure that is, by its own metric alone", async () => {
  const { page, finish } = await opened(address);
  assert.match(await text(page, "generation"), /best in 71 % of the bootstrap draws, so this is not certain/);
  const chart = () => page.locator("#generation-quality .plot svg").textContent();
  assert.match(await chart(), /best, 71 % of draws/);
  assert.match(await text(page, "generation-best"), /2 %.*20 %.*71 %.*7 %/);
  await choose(page, "generation-quality", "Class accuracy");
  assert.doesNotMatch(await chart(), /of draws/);
  assert.match(await chart(), /Class accuracy, higher is better/);
  assert.match(await page.locator("#generation-quality .notes").textContent(), /best rate was told by KAD/);
  await finish();
});

test("far anchors are named, and can be drawn", async () => {
  const { page, finish } = await opened(address);
  const chart = () => page.locator("#generation-quality .plot svg").textContent();
  assert.match(await chart(), /real/);
  assert.doesNotMatch(await chart(), /silence/);
  assert.match(await page.locator("#generation-quality .notes").textContent(), /Beyond the axis: silence 1\.90, noise 1\.40/);
  await page.getByRole("button", { name: "All anchors on the axis" }).click();
  assert.match(await chart(), /silence/);
  assert.match(await chart(), /noise/);
  await choose(page, "generation-quality", "Class accuracy");
  assert.match(await chart(), /silence/, "these are near: all are drawn");
  await page.locator("#generation-quality").getByText("Log", { exact: true }).click();
  await assertDrawn(page, ["generation-quality"]);
  await finish();
});

test("prompts stand against rates, and a switch keeps the position", async () => {
  const { page, finish } = await opened(address);
  const bell = clip(page, "bell");
  await bell.scrollIntoViewIfNeeded();
  assert.equal(await page.locator("#generation-listening .clip").count(), 3, "one a prompt");
  assert.equal(await bell.locator(".family").count(), 4, "two generators, two sounds each");
  assert.deepEqual(await bell.locator(".family").first().locator(".label").allTextContents(), ["0.5 kbit/s", "1 kbit/s", "2 kbit/s", "4 kbit/s", "8 kbit/s"]);
  const lefts = await bell.locator(".family").evaluateAll((rows) => rows.map((row) => row.children[2].getBoundingClientRect().left));
  assert.equal(new Set(lefts).size, 1, "a rate is a column");
  await loadAll(page);
  await bell.getByText("Loop").click(); // a busy machine may let a sound end before it is asked about
  await bell.getByRole("button", { name: "Play" }).click();
  const switched = await page.waitForFunction(() => {
    const element = document.querySelector('.clip[data-clip="bell"]');
    const at = Number(element.dataset.time);
    if (at < 0.2 || at > 0.5) return null;
    element.querySelector(".family").children[2].click();
    return at;
  });
  const before = await switched.jsonValue();
  await page.waitForFunction(() => window.started.length === 2);
  const started = await page.evaluate(() => window.started);
  assert.equal(started[0].offset, 0);
  // The page tells its time in milliseconds, rounded.
  assert.ok(started[1].offset >= before - 0.0005, `switched at ${started[1].offset} s, was at ${before} s`);
  assert.match(await attribute(bell, "data-taken"), /^2 kbit\/s/);
  for (const { peak, rate } of started) {
    assert.ok(peak > 0.05, "it is no silence");
    assert.equal(rate, 16000);
  }
  const absent = clip(page, "siren").locator(".family").first().locator(".tile").nth(1);
  assert.equal(await absent.isDisabled(), true);
  assert.match(await absent.textContent(), /missing.*siren-0\.wav/);
  assert.match(await bell.locator(".family").nth(2).locator(".tile").nth(3).textContent(), /failed: step 812/);
  await page.locator("#generation-listening").getByText("The first", { exact: true }).click();
  assert.equal(await bell.locator(".tile:visible").count(), 5);
  await finish();
});

test("the keyboard switches rates and skips what is missing", async () => {
  const { page, finish } = await opened(address);
  const siren = clip(page, "siren");
  await siren.locator(".tile").first().focus();
  await page.keyboard.press(".");
  assert.equal(await time(siren), 0.5);
  await page.keyboard.press("ArrowRight"); // 1 kbit/s is not there
  await page.waitForFunction(() => document.querySelector('.clip[data-clip="siren"]').dataset.taken.startsWith("2 kbit/s"));
  assert.equal(await time(siren), 0.5, "a silent switch keeps the position");
  assert.doesNotMatch(await page.locator("#generation-listening .keys").textContent(), /original/, "there is none");
  await finish();
});

test("a generation study fits a phone, the dark and paper", async () => {
  const phone = await opened(address, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const wide = await phone.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `${wide} pixels too wide`);
  await assertDrawn(phone.page, FIGURES);
  await loadAll(phone.page);
  await shot(phone.page, "generation-phone");
  await phone.finish();
  const { page, finish } = await opened(bothAddress, { colorScheme: "dark" });
  await loadAll(page);
  await shot(page, "generation-dark");
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator("#generation-quality select").isVisible(), false);
  assert.equal((await page.pdf({ format: "A4" })).subarray(0, 5).toString(), "%PDF-");
  await finish();
});
