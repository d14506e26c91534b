// Chromium for the tests of the page, and what they do with it. KILONAT_SCREENSHOTS=FOLDER keeps pictures.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { pathToFileURL } from "node:url";
import { needChromium, needModules, skip, webRequire } from "./modules.mjs";

export const shots = process.env.KILONAT_SCREENSHOTS;

/** Has `kilonat report` write the folder's page. Returns its address. */
export function report(program, folder) {
  const words = execFileSync(program, ["report", folder], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  assert.match(words, /report\/index\.html/);
  return pathToFileURL(join(folder, "report", "index.html")).href;
}

/** Starts Chromium before the tests of a file and ends it after them; skips where something lacks. */
export async function browserTests() {
  const program = process.argv[2];
  if (!program || !existsSync(program)) skip("no built kilonat was named");
  const executablePath = needChromium();
  needModules();
  const { chromium } = webRequire("playwright-core");
  let browser;
  before(async () => {
    browser = await chromium.launch({ executablePath, args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
    if (shots) mkdirSync(shots, { recursive: true });
  });
  after(() => browser?.close());

  /** Opens a page; whatever it complains of or asks the network for fails the test. */
  async function opened(where, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(20000);
    const complaints = [];
    page.on("console", (message) => { if (["error", "warning"].includes(message.type())) complaints.push(message.text()); });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => { if (!/^(data|blob):/.test(request.url()) && request.url() !== where) complaints.push(`asked for ${request.url()}`); });
    // Notes what is handed to the sound card.
    await page.addInitScript(() => {
      window.started = [];
      const start = AudioBufferSourceNode.prototype.start;
      AudioBufferSourceNode.prototype.start = function (when, offset) {
        window.started.push({ offset, peak: this.buffer.getChannelData(0).reduce((m, x) => Math.max(m, Math.abs(x)), 0), seconds: this.buffer.duration, rate: this.buffer.sampleRate });
        return start.call(this, when, offset);
      };
    });
    await page.goto(where);
    await page.waitForSelector("main");
    return { page, finish: async () => { await context.close(); assert.deepEqual(complaints, []); } };
  }

  const attribute = (locator, name) => locator.getAttribute(name);
  return {
    program, opened, attribute,
    shot: async (page, name, fullPage = true) => { if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage }); },
    loadAll: (page) => page.waitForFunction(() => [...document.querySelectorAll(".clip")].every((c) => c.dataset.loaded === "yes"), null, { timeout: 60000 }),
    clip: (page, name) => page.locator(`.clip[data-clip="${name}"]`),
    time: async (locator) => Number(await attribute(locator, "data-time")),
  };
}

/** The figures of these sections are drawn, with marks that all have a place. */
export async function assertDrawn(page, ids) {
  for (const id of ids) {
    assert.equal(await page.locator(`#${id} .plot`).getAttribute("data-drawn"), "yes", id);
    const marks = ["dot", "line", "bar", "cell"].map((mark) => `#${id} .plot svg [aria-label="${mark}"] *`).join(", ");
    assert.ok(await page.locator(marks).count() > 3, id);
    const broken = await page.locator(`#${id} .plot svg`).evaluate((svg) => /NaN|undefined|null/.test(svg.outerHTML));
    assert.equal(broken, false, `${id} has a mark without a place`);
  }
}

/** Every spectrogram shows something. */
export async function assertPainted(page) {
  const blank = await page.locator(".tile canvas").evaluateAll((all) => all.filter((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size < 20;
  }).length);
  assert.equal(blank, 0, "blank spectrograms");
}
