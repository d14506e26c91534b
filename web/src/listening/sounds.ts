// The page's own sounds: base64 in script elements, decoded when they are first needed.

import type { ReportData } from "../data";

const decoded = new Map<string, Promise<AudioBuffer>>();

/** A sound at its own sample rate. Rejects with a reason for what is not in the page. */
export function loadSound(data: ReportData, file: string): Promise<AudioBuffer> {
  let sound = decoded.get(file);
  if (!sound) {
    sound = decode(data, file);
    decoded.set(file, sound);
  }
  return sound;
}

async function decode(data: ReportData, file: string): Promise<AudioBuffer> {
  const entry = data.sounds[file];
  if (!entry) throw new Error(`${file} is not in the page`);
  if ("missing" in entry) throw new Error(entry.missing);
  const text = document.getElementById(`sound-${entry.id}`)?.textContent ?? "";
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  // A decoder resamples to its context's rate: give it the sound's own.
  return new OfflineAudioContext(1, 1, entry.sample_rate_hz).decodeAudioData(bytes.buffer);
}
