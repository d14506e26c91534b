// Plays one of several versions of a clip; a switch keeps the position. One player sounds at a time.

const FADE_S = 0.008;

let context: AudioContext | null = null;
let sounding: Player | null = null;

export class Player {
  playing = false;
  loop = false;
  private position = 0;
  private startedAt = 0;
  private source: AudioBufferSourceNode | null = null;
  private gain: GainNode | null = null;
  private buffer: AudioBuffer | null = null;

  /** @param changed  called whenever playing starts or ends. */
  constructor(readonly duration: number, private readonly changed: () => void) {}

  /** Seconds from the clip's start. */
  get time(): number {
    if (!this.playing || !context) return this.position;
    const elapsed = this.position + (context.currentTime - this.startedAt);
    return this.loop ? elapsed % this.duration : Math.min(elapsed, this.duration);
  }

  /** Takes another version of the clip, at the same place. */
  use(buffer: AudioBuffer): void {
    const time = this.time;
    this.buffer = buffer;
    if (this.playing) this.start(time);
  }

  seek(time: number): void {
    const place = Math.max(0, Math.min(time, this.duration));
    if (this.playing) this.start(place);
    else this.position = place;
  }

  play(): void {
    if (this.buffer) this.start(this.time >= this.duration ? 0 : this.time);
  }

  pause(): void {
    this.position = this.time;
    this.stopSource();
    this.setPlaying(false);
  }

  setLoop(loop: boolean): void {
    this.position = this.time;
    this.startedAt = context?.currentTime ?? 0;
    this.loop = loop;
    if (this.source) this.source.loop = loop;
  }

  private start(time: number): void {
    context ??= new AudioContext();
    void context.resume();
    if (sounding && sounding !== this) sounding.pause();
    sounding = this;
    this.stopSource();
    const source = context.createBufferSource();
    const gain = context.createGain();
    source.buffer = this.buffer;
    source.loop = this.loop;
    gain.gain.setValueAtTime(0, context.currentTime);
    gain.gain.linearRampToValueAtTime(1, context.currentTime + FADE_S);
    source.connect(gain).connect(context.destination);
    source.onended = () => {
      if (this.source !== source) return;
      this.position = 0;
      this.source = null;
      this.setPlaying(false);
    };
    source.start(0, Math.min(time, this.buffer?.duration ?? 0));
    [this.source, this.gain, this.position, this.startedAt] = [source, gain, time, context.currentTime];
    this.setPlaying(true);
  }

  private stopSource(): void {
    if (!this.source || !this.gain || !context) return;
    this.gain.gain.cancelScheduledValues(context.currentTime);
    this.gain.gain.setValueAtTime(this.gain.gain.value, context.currentTime);
    this.gain.gain.linearRampToValueAtTime(0, context.currentTime + FADE_S);
    this.source.onended = null;
    this.source.stop(context.currentTime + FADE_S);
    this.source = null;
  }

  private setPlaying(playing: boolean): void {
    this.playing = playing;
    this.changed();
  }
}
