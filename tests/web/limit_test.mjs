// The section of the Gaussian limit in the page that `kilonat report` writes, in headless Chromium:
// alone and beside a rate-distortion study. Usage: node limit_test.mjs PROGRAM

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { assertDrawn, browserTests, report } from "./browser.mjs";
import { makeLimit } from "./make_limit.mjs";
import { makeStudy } from "./make_study.mjs";

const { program, opened, shot } = await browserTests();

const folder = mkdtempSync(join(tmpdir(), "kilonat-web-"));
let limit;
let study;
let address;
let bothAddress;

before(() => {
  limit = makeLimit(join(folder, "limit"));
  study = makeStudy(join(folder, "both"));
  makeLimit(join(folder, "both"), { wrong: true });
  address = report(program, join(folder, "limit"));
  bothAddress = report(program, join(folder, "both"));
});
after(() => rmSync(folder, { recursive: true }));

const rows = (page) => page.locator("#shannon .numbers tbody tr").evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)));
const reds = (page) => page.locator('#shannon .plot svg [aria-label="text"] text').evaluateAll((all) => all.map((t) => t.textContent).filter((t) => t === "impossible").length);

/** Centres of the dots on the screen, by colour. */
const dots = (page, colour) => page.locator(`#shannon .plot svg [aria-label="dot"][fill="${colour}"] > *`).evaluateAll(
  (all) => all.map((dot) => dot.getBoundingClientRect()).map((box) => ({ x: box.x + box.width / 2, y: box.y + box.height / 2 })));

test("curves, points and distances stand alone", async () => {
  const { page, finish } = await opened(address);
  await assertDrawn(page, ["shannon"]);
  assert.equal(await page.locator("h1").textContent(), limit.name);
  assert.equal(await page.locator(".kind").textContent(), "Check against Shannon's limit");
  assert.match(await page.locator(".tile-figures").textContent(), /8 of 9points on 3 Gaussian sources0\.00 to 0\.90 dBabove Shannon's limit/);
  assert.equal(await page.locator('#shannon .plot svg [aria-label="line"] path').count(), 3, "a curve a source");
  assert.equal((await dots(page, "var(--gaussian)")).length, 3);
  assert.equal((await dots(page, "var(--opus)")).length, 2);
  assert.equal(await page.locator("#shannon .alarm").count(), 0);
  assert.equal(await reds(page), 0);
  assert.match(await page.locator("#shannon .notes").textContent(), /No point lies below.*32 held-out clips.*1,500 steps, seed 0.*Not measured yet: gaussian-band-18dB/s);
  await shot(page, "limit-light");
  await finish();
});

test("the table has the gap of every point, and what is missing as missing", async () => {
  const { page, finish } = await opened(address);
  const found = await rows(page);
  assert.equal(found.length, limit.points.length + 1);
  assert.deepEqual(found[0].slice(0, 3), ["gaussian-white-3dB", "0.1900 ± 0.0060", "above"]);
  assert.deepEqual(found[1].slice(1, 3), ["−0.0120 ± 0.0060", "within error"]);
  assert.equal(found[0].at(-1), "2.81", "3 dB at the curve less the gap");
  assert.deepEqual(found.at(-1).slice(0, 3), ["gaussian-band-18dB", "–", "missing"]);
  assert.equal(await page.locator("#shannon .numbers").evaluate((details) => details.open), true);
  assert.match(await page.locator(".missing-list").textContent(), /1 of 9 points are not there.*Shannon's limit, gaussian-band-18dB: not measured yet/);
  await finish();
});

test("points lie where their curve and their gap say", async () => {
  const { page, finish } = await opened(address);
  const [low, , high] = await dots(page, "var(--gaussian)");
  const line = await page.locator('#shannon .plot svg [aria-label="line"][stroke="var(--gaussian)"] path').evaluate((path) => {
    const matrix = path.getScreenCTM();
    const place = (at) => { const p = path.getPointAtLength(at).matrixTransform(matrix); return { x: p.x, y: p.y }; };
    return { first: place(0), last: place(path.getTotalLength()) };
  });
  // White noise is a straight line in decibels: 6.02 dB a bit, here to 3.4 bits.
  const perDb = (line.last.y - line.first.y) / (3.4 * 20 * Math.log10(2));
  assert.ok(Math.abs(high.y - (line.first.y + perDb * (18 - 0.033))) < 1, `${high.y}`);
  assert.ok(Math.abs(low.y - (line.first.y + perDb * (3 - 0.19))) < 1, `${low.y}`);
  await page.locator("#shannon").getByText("Distance", { exact: true }).click();
  await assertDrawn(page, ["shannon"]);
  const [first, second] = await dots(page, "var(--gaussian)");
  assert.ok(first.y < second.y, "0.19 dB is drawn above -0.012 dB");
  await shot(page, "limit-distance");
  await finish();
});

test("an impossible point is an error, beside a rate-distortion study", async () => {
  const { page, finish } = await opened(bothAddress, { colorScheme: "dark" });
  await assertDrawn(page, ["rate-distortion", "target-rate", "channels", "rates", "curves", "shannon"]);
  assert.equal(await page.locator("h1").textContent(), study.name);
  assert.equal(await page.locator(".kind").textContent(), "Rate-distortion study and check against Shannon's limit");
  assert.match(await page.locator("#shannon .alarm").textContent(), /1 of 8 points lies below the limit, which is impossible.*gaussian-ar2-9dB: −1\.5000 ± 0\.0060 dB/);
  assert.match(await page.locator(".tile-figures").textContent(), /1below it: impossible/);
  assert.equal(await reds(page), 1);
  assert.doesNotMatch(await page.locator("#shannon .notes").textContent(), /No point lies below/);
  assert.deepEqual((await rows(page)).filter((row) => row[2] === "impossible").map((row) => row[0]), ["gaussian-ar2-9dB"]);
  const links = await page.locator("nav a").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
  assert.equal(new Set(links).size, links.length);
  for (const link of links) assert.equal(await page.locator(link).count(), 1, link);
  assert.match(await page.locator("#conditions").textContent(), /kilonat study gaussian-limit made_up/);
  await page.locator("#shannon").scrollIntoViewIfNeeded();
  await shot(page, "limit-both-dark", false);
  await page.locator("#shannon").getByText("Distance", { exact: true }).click();
  await shot(page, "limit-both-distance-dark", false);
  await finish();
});

test("its CSV and its picture can be saved", async () => {
  const { page, finish } = await opened(bothAddress);
  const [csv] = await Promise.all([page.waitForEvent("download"), page.getByText("Limit CSV").click()]);
  const lines = readFileSync(await csv.path(), "utf8").trim().split("\r\n");
  assert.equal(lines.length, limit.points.length + 1);
  assert.match(lines[0], /^id,source,target_bits_per_sample,.*gap_db,/);
  const [svg] = await Promise.all([page.waitForEvent("download"), page.locator("#shannon").getByText("Save SVG").click()]);
  assert.match(readFileSync(await svg.path(), "utf8"), /^<svg/);
  await finish();
});

test("fits a phone and prints its table", async () => {
  const { page, finish } = await opened(address, { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `${wide} pixels too wide`);
  await shot(page, "limit-phone");
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator("#shannon .numbers table").isVisible(), true);
  await finish();
});
