// Spectrograms of the sounds in the page: mel-spaced rows, one dB scale for all versions of a clip.

import { Fft } from "./fft";

export const ROWS = 112;
/** From this far below the clip's loudest cell everything has the darkest colour. */
export const RANGE_DB = 80;

/** Levels [dB] of `frames` x ROWS, lowest row first; -Infinity for silence. */
export interface Spectrogram { frames: number; seconds: number; levels: Float32Array; loudest: number }

const mel = (hz: number) => 2595 * Math.log10(1 + hz / 700);
const hertz = (m: number) => 700 * (10 ** (m / 2595) - 1);

/** Hz at the rows' edges, ROWS + 1 of them, from 0 to `top`. */
export const rowEdges = (top: number): number[] => Array.from({ length: ROWS + 1 }, (_, i) => hertz((mel(top) * i) / ROWS));

export function spectrogram(buffer: AudioBuffer): Spectrogram {
  const rate = buffer.sampleRate;
  const size = rate > 32000 ? 2048 : rate > 18000 ? 1024 : 512;
  const hop = Math.max(size / 4, Math.ceil(buffer.length / 1600));
  const frames = Math.max(1, Math.ceil(buffer.length / hop));
  const fft = new Fft(size);
  const power = new Float32Array(size / 2 + 1);
  const mono = mixed(buffer);
  const bins = rowEdges(rate / 2).map((hz) => (hz * size) / rate);
  const levels = new Float32Array(frames * ROWS);
  let loudest = -Infinity;
  for (let frame = 0; frame < frames; frame++) {
    fft.power(mono, frame * hop - size / 2, power);
    for (let row = 0; row < ROWS; row++) {
      const level = 10 * Math.log10(strongest(power, bins[row]!, bins[row + 1]!));
      levels[frame * ROWS + row] = level;
      loudest = Math.max(loudest, level);
    }
  }
  return { frames, seconds: (frames * hop) / rate, levels, loudest };
}

function mixed(buffer: AudioBuffer): Float32Array {
  const sum = new Float32Array(buffer.length);
  for (let c = 0; c < buffer.numberOfChannels; c++) {
    const channel = buffer.getChannelData(c);
    for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + channel[i]! / buffer.numberOfChannels;
  }
  return sum;
}

/** The largest power between two fractional bins; between neighbours where a row is narrower. */
function strongest(power: Float32Array, low: number, high: number): number {
  const [first, last] = [Math.ceil(low), Math.floor(high)];
  if (first > last) {
    const below = Math.floor(low);
    const share = (low + high) / 2 - below;
    return power[below]! * (1 - share) + (power[below + 1] ?? 0) * share;
  }
  let most = 0;
  for (let bin = first; bin <= Math.min(last, power.length - 1); bin++) most = Math.max(most, power[bin]!);
  return most;
}

// Magma (matplotlib, CC0), every 32nd colour.
const MAGMA = [[0, 0, 4], [28, 16, 68], [79, 18, 123], [129, 37, 129], [181, 54, 122], [229, 80, 100], [251, 135, 97], [254, 194, 135], [252, 253, 191]];
const COLOURS = Uint32Array.from({ length: 256 }, (_, i) => {
  const place = (i / 255) * (MAGMA.length - 1);
  const [a, b] = [MAGMA[Math.floor(place)]!, MAGMA[Math.min(MAGMA.length - 1, Math.floor(place) + 1)]!];
  const [red, green, blue] = [0, 1, 2].map((c) => Math.round(a[c]! + (b[c]! - a[c]!) * (place % 1)));
  return (255 << 24) | (blue! << 16) | (green! << 8) | red!;
});

/** Draws the stretch [t0, t1] in seconds over the whole canvas; `loudest` [dB] has the brightest colour. */
export function paint(canvas: HTMLCanvasElement, spec: Spectrogram, loudest: number, t0: number, t1: number): void {
  const width = Math.max(1, Math.round(canvas.clientWidth * Math.min(2, devicePixelRatio)));
  [canvas.width, canvas.height] = [width, ROWS];
  const pixels = new Uint32Array(width * ROWS);
  for (let x = 0; x < width; x++) {
    // The frames under this column, the loudest of them: short sounds stay visible at any zoom.
    const at = (column: number) => ((t0 + ((t1 - t0) * column) / width) / spec.seconds) * spec.frames;
    const first = Math.min(spec.frames, Math.max(0, Math.floor(at(x))));
    const last = Math.min(spec.frames - 1, Math.max(first, Math.ceil(at(x + 1)) - 1));
    for (let row = 0; row < ROWS; row++) {
      let level = -Infinity;
      for (let frame = first; frame <= last; frame++) level = Math.max(level, spec.levels[frame * ROWS + row]!);
      const share = 1 + (level - loudest) / RANGE_DB;
      pixels[(ROWS - 1 - row) * width + x] = COLOURS[Math.max(0, Math.min(255, Math.round(share * 255)))] ?? COLOURS[0]!;
    }
  }
  canvas.getContext("2d")!.putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), width, ROWS), 0, 0);
}
