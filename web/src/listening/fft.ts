// Power spectra of real frames, radix 2.

/** A plan for frames of `size` samples, a power of two. */
export class Fft {
  private readonly cos: Float32Array;
  private readonly sin: Float32Array;
  private readonly window: Float32Array;
  private readonly re: Float32Array;
  private readonly im: Float32Array;
  private readonly order: Uint32Array;

  constructor(readonly size: number) {
    const turn = (i: number) => (2 * Math.PI * i) / size;
    this.cos = Float32Array.from({ length: size / 2 }, (_, i) => Math.cos(turn(i)));
    this.sin = Float32Array.from({ length: size / 2 }, (_, i) => Math.sin(turn(i)));
    // Hann, scaled so that a full-scale sine has power 1 at its bin.
    this.window = Float32Array.from({ length: size }, (_, i) => (2 * (1 - Math.cos(turn(i)))) / size);
    this.re = new Float32Array(size);
    this.im = new Float32Array(size);
    const bits = Math.log2(size);
    this.order = Uint32Array.from({ length: size }, (_, i) => {
      let reversed = 0;
      for (let b = 0; b < bits; b++) reversed |= ((i >> b) & 1) << (bits - 1 - b);
      return reversed;
    });
  }

  /** Writes the powers of bins 0 .. size/2 of the frame that starts at `start`; zeros outside. */
  power(samples: Float32Array, start: number, out: Float32Array): void {
    const { re, im, size } = this;
    for (let i = 0; i < size; i++) {
      const from = this.order[i]!;
      re[i] = (samples[start + from] ?? 0) * this.window[from]!;
      im[i] = 0;
    }
    for (let half = 1; half < size; half *= 2) {
      const stride = size / (2 * half);
      for (let block = 0; block < size; block += 2 * half) {
        for (let k = 0; k < half; k++) this.butterfly(block + k, block + k + half, k * stride);
      }
    }
    for (let i = 0; i <= size / 2; i++) out[i] = re[i]! ** 2 + im[i]! ** 2;
  }

  private butterfly(a: number, b: number, turn: number): void {
    const { re, im } = this;
    const [c, s] = [this.cos[turn]!, this.sin[turn]!];
    const x = re[b]! * c + im[b]! * s;
    const y = im[b]! * c - re[b]! * s;
    re[b] = re[a]! - x;
    im[b] = im[a]! - y;
    re[a] = re[a]! + x;
    im[a] = im[a]! + y;
  }
}
