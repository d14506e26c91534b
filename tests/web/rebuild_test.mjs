// The checked-in page is what web/ builds, byte for byte, and its types fit.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { WEB, needModules } from "./modules.mjs";

needModules();

function run(tool, ...words) {
  const result = spawnSync(process.execPath, [join(WEB, "node_modules", tool), ...words], { cwd: WEB, encoding: "utf8" });
  assert.equal(result.status, 0, result.stdout + result.stderr);
}

test("types fit", () => run("typescript/bin/tsc", "--noEmit"));

test("the checked-in page is what web/ builds", () => {
  const out = mkdtempSync(join(tmpdir(), "kilonat-page-"));
  try {
    run("vite/bin/vite.js", "build", "--outDir", out, "--emptyOutDir", "--logLevel", "error");
    assert.deepEqual(readdirSync(out), ["report.html"], "one file and nothing beside it");
    const built = readFileSync(join(out, "report.html"));
    const kept = readFileSync(join(WEB, "dist", "report.html"));
    assert.ok(built.equals(kept), "web/dist/report.html is not what web/ builds: run 'npm ci && npm run build' in web/ and commit it");
  } finally {
    rmSync(out, { recursive: true });
  }
});
