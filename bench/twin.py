#!/usr/bin/python3
"""The same jobs as job_bench in eager PyTorch, written as a user would write them.

Usage: twin.py JOB CONFIG.toml [threads=N] [batch=B] [seconds=S]

Modules follow descript-audio-codec (Snake as a TorchScript function, conv1d and conv_transpose1d
channels-first, weight norm by hooks, folded for inference), with a gaussian bottleneck. Training:
the seven-scale mel loss, KL, AdamW, clipping, EMA by foreach; gan_step adds DAC's discriminators,
without gradients of their weights in the generator's step. float32. Same protocol as job_bench.
Needs python3-torch (Debian) and Python 3.11.
"""

import math
import resource
import sys
import time
import tomllib

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import remove_weight_norm, weight_norm

DEFAULTS = {
    "codec": {"sample_rate_hz": 44100, "encoder_channels": 64, "encoder_strides": [2, 4, 8, 8],
              "encoder_out_channels": 0, "decoder_channels": 1536,
              "decoder_strides": [8, 8, 4, 2], "num_channels": 1,
              "bottleneck": {"latent_channels": 32}},
    "data": {"excerpts": {"batch_size": 8, "duration_s": 0.5}},
}


@torch.jit.script
def snake(x, alpha):
    shape = x.shape
    x = x.reshape(shape[0], shape[1], -1)
    x = x + (alpha + 1e-9).reciprocal() * torch.sin(alpha * x).pow(2)
    return x.reshape(shape)


class Snake(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(1, channels, 1))

    def forward(self, x):
        return snake(x, self.alpha)


def conv(*args, **kwargs):
    return weight_norm(nn.Conv1d(*args, **kwargs))


class ResidualUnit(nn.Module):
    def __init__(self, width, dilation):
        super().__init__()
        self.block = nn.Sequential(
            Snake(width), conv(width, width, 7, dilation=dilation, padding=3 * dilation),
            Snake(width), conv(width, width, 1))

    def forward(self, x):
        return x + self.block(x)


def units(width):
    return [ResidualUnit(width, dilation) for dilation in (1, 3, 9)]


def encoder(codec):
    width = codec["encoder_channels"]
    layers = [conv(codec["num_channels"], width, 7, padding=3)]
    for stride in codec["encoder_strides"]:
        layers += units(width)
        layers += [Snake(width),
                   conv(width, 2 * width, 2 * stride, stride=stride, padding=math.ceil(stride / 2))]
        width *= 2
    out = codec["encoder_out_channels"] or width
    return nn.Sequential(*layers, Snake(width), conv(width, out, 3, padding=1)), out


def decoder(codec, in_channels):
    width = codec["decoder_channels"]
    layers = [conv(in_channels, width, 7, padding=3)]
    for stride in codec["decoder_strides"]:
        layers += [Snake(width),
                   weight_norm(nn.ConvTranspose1d(width, width // 2, 2 * stride, stride=stride,
                                                  padding=math.ceil(stride / 2),
                                                  output_padding=stride % 2))]
        width //= 2
        layers += units(width)
    return nn.Sequential(*layers, Snake(width), conv(width, codec["num_channels"], 7, padding=3),
                         nn.Tanh())


class Codec(nn.Module):
    def __init__(self, codec):
        super().__init__()
        latent = codec["bottleneck"]["latent_channels"]
        self.encoder, width = encoder(codec)
        self.in_proj = conv(width, 2 * latent, 1)
        self.out_proj = conv(latent, width, 1)
        self.decoder = decoder(codec, width)
        self.hop = math.prod(codec["encoder_strides"])

    def encode(self, x):
        padding = -x.shape[-1] % self.hop
        mean, raw = self.in_proj(self.encoder(F.pad(x, (0, padding)))).chunk(2, 1)
        return mean, F.softplus(raw) + 1e-4

    def decode(self, z):
        return self.decoder(self.out_proj(z))

    def forward(self, x):
        mean, stddev = self.encode(x)
        y = self.decode(mean + stddev * torch.randn_like(mean))
        return y[..., :x.shape[-1]], mean, stddev


def mel_filters(sample_rate, fft_size, count):
    """Triangles on the HTK scale; librosa's differ in their shape, not in their cost."""
    top = 2595 * math.log10(1 + sample_rate / 2 / 700)
    edges = 700 * (10 ** (torch.linspace(0, top, count + 2) / 2595) - 1)
    bins = torch.linspace(0, sample_rate / 2, fft_size // 2 + 1)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return torch.minimum(rising, falling).clamp_min(0)


class MelLoss(nn.Module):
    windows = [32, 64, 128, 256, 512, 1024, 2048]
    counts = [5, 10, 20, 40, 80, 160, 320]

    def __init__(self, sample_rate):
        super().__init__()
        self.filters = [mel_filters(sample_rate, w, c) for w, c in zip(self.windows, self.counts)]
        self.hann = [torch.hann_window(w) for w in self.windows]

    def log_mel(self, x, scale):
        window = self.windows[scale]
        spectrum = torch.stft(x.flatten(0, 1), window, window // 4, window, self.hann[scale],
                              return_complex=True).abs()
        return (self.filters[scale] @ spectrum).clamp_min(1e-5).log10()

    def forward(self, x, y):
        return sum(F.l1_loss(self.log_mel(x, i), self.log_mel(y, i))
                   for i in range(len(self.windows)))


class PeriodDiscriminator(nn.Module):
    def __init__(self, period):
        super().__init__()
        self.period = period
        widths = [1, 32, 128, 512, 1024, 1024]
        self.convs = nn.ModuleList(
            weight_norm(nn.Conv2d(a, b, (5, 1), (3 if i < 4 else 1, 1), (2, 0)))
            for i, (a, b) in enumerate(zip(widths, widths[1:])))
        self.post = weight_norm(nn.Conv2d(1024, 1, (3, 1), padding=(1, 0)))

    def forward(self, x):
        x = F.pad(x, (0, self.period - x.shape[-1] % self.period), mode="reflect")
        x = x.view(x.shape[0], 1, -1, self.period)
        maps = []
        for layer in self.convs:
            x = F.leaky_relu(layer(x), 0.1)
            maps.append(x)
        return maps + [self.post(x)]


class ResolutionDiscriminator(nn.Module):
    bands = [(0.0, 0.1), (0.1, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1.0)]

    def __init__(self, fft_size):
        super().__init__()
        self.fft_size = fft_size
        bins = fft_size // 2 + 1
        self.ranges = [(int(a * bins), int(b * bins)) for a, b in self.bands]
        self.register_buffer("hann", torch.hann_window(fft_size))

        def layer(a, kernel, stride):
            return weight_norm(nn.Conv2d(a, 32, (3, kernel), (1, stride), (1, kernel // 2)))
        self.band_convs = nn.ModuleList(
            nn.ModuleList([layer(2, 9, 1), layer(32, 9, 2), layer(32, 9, 2), layer(32, 9, 2),
                           layer(32, 3, 1)]) for _ in self.bands)
        self.post = weight_norm(nn.Conv2d(32, 1, (3, 3), padding=(1, 1)))

    def forward(self, x):
        hop = self.fft_size // 4
        right = -x.shape[-1] % hop
        x = F.pad(x, ((self.fft_size - hop) // 2, (self.fft_size - hop) // 2 + right), "reflect")
        spectrum = torch.stft(x.squeeze(1), self.fft_size, hop, self.fft_size, self.hann,
                              return_complex=True)[..., 2:-2]
        x = torch.view_as_real(spectrum).permute(0, 3, 2, 1)
        maps, ends = [], []
        for (begin, end), layers in zip(self.ranges, self.band_convs):
            h = x[..., begin:end]
            for layer in layers:
                h = F.leaky_relu(layer(h), 0.1)
                maps.append(h)
            ends.append(h)
        return maps + [self.post(torch.cat(ends, -1))]


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = nn.ModuleList([PeriodDiscriminator(p) for p in (2, 3, 5, 7, 11)] +
                                   [ResolutionDiscriminator(n) for n in (2048, 1024, 512)])

    def forward(self, x):
        x = x - x.mean(-1, keepdim=True)
        x = 0.8 * x / (x.abs().amax((1, 2), keepdim=True) + 1e-9)
        return [part(x) for part in self.parts]


class Trainer:
    def __init__(self, config, adversarial):
        codec, excerpts = config["codec"], config["data"]["excerpts"]
        self.model = Codec(codec)
        self.mel = MelLoss(codec["sample_rate_hz"])
        samples = int(excerpts["duration_s"] * codec["sample_rate_hz"]) // self.model.hop
        self.audio = torch.randn(excerpts["batch_size"], codec["num_channels"],
                                 samples * self.model.hop) * 0.1
        self.optimiser = self.adamw(self.model)
        self.average = [p.detach().clone() for p in self.model.parameters()]
        self.judge = Discriminator() if adversarial else None
        if adversarial:
            self.judge_optimiser = self.adamw(self.judge)

    @staticmethod
    def adamw(module):
        return torch.optim.AdamW(module.parameters(), 1e-4, (0.8, 0.99), foreach=True)

    def train_judge(self, fake):
        self.judge_optimiser.zero_grad(set_to_none=True)
        # Both in one batch, as ours: the same numbers.
        count = len(fake)
        loss = sum((maps[-1][:count] ** 2).mean() + ((1 - maps[-1][count:]) ** 2).mean()
                   for maps in self.judge(torch.cat([fake.detach(), self.audio])))
        loss.backward()
        nn.utils.clip_grad_norm_(self.judge.parameters(), 10.0)
        self.judge_optimiser.step()

    def judged(self, fake):
        self.judge.requires_grad_(False)
        with torch.no_grad():
            real_maps = self.judge(self.audio)
        fake_maps = self.judge(fake)
        self.judge.requires_grad_(True)
        loss = 0
        for fake, real in zip(fake_maps, real_maps):
            loss = loss + ((1 - fake[-1]) ** 2).mean()
            loss = loss + 2 * sum(F.l1_loss(a, b) for a, b in zip(fake[:-1], real[:-1]))
        return loss

    def __call__(self):
        y, mean, stddev = self.model(self.audio)
        if self.judge:
            self.train_judge(y)
        self.optimiser.zero_grad(set_to_none=True)
        kl = (0.5 * (mean ** 2 + stddev ** 2 - 1) - stddev.log()).mean()
        loss = 15 * self.mel(y, self.audio) + 0.01 * kl
        if self.judge:
            loss = loss + self.judged(y)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1e3)
        self.optimiser.step()
        with torch.no_grad():
            parameters = [p.detach() for p in self.model.parameters()]
            torch._foreach_mul_(self.average, 0.999)
            torch._foreach_add_(self.average, parameters, alpha=0.001)


def make_inference(job, config, seconds):
    model = Codec(config["codec"]).eval()
    for module in model.modules():
        if hasattr(module, "weight_g"):
            remove_weight_norm(module)
    audio = torch.randn(1, config["codec"]["num_channels"],
                        int(seconds * config["codec"]["sample_rate_hz"])) * 0.1
    with torch.no_grad():
        latent = model.encode(audio)[0]

    def call():
        with torch.no_grad():
            return model.encode(audio) if job == "encode" else model.decode(latent)
    return call


def merged(defaults, values):
    result = dict(defaults)
    for key, value in values.items():
        is_table = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if is_table else value
    return result


def main():
    job, path = sys.argv[1:3]
    own = dict(text.split("=", 1) for text in sys.argv[3:])
    if "threads" in own:
        torch.set_num_threads(int(own["threads"]))
    with open(path, "rb") as file:
        config = merged(DEFAULTS, tomllib.load(file))
    excerpts = config["data"]["excerpts"]
    excerpts["batch_size"] = int(own.get("batch", excerpts["batch_size"]))
    if job in ("encode", "decode"):
        call = make_inference(job, config, float(own.get("seconds", 10)))
    else:
        excerpts["duration_s"] = float(own.get("seconds", excerpts["duration_s"]))
        call = Trainer(config, job == "gan_step")
    call()
    call()
    print(f"ready {job} fp32 PyTorch {torch.__version__}, {torch.get_num_threads()} thread(s)",
          flush=True)
    for _ in sys.stdin:
        start, cpu_start = time.perf_counter(), time.process_time()
        call()
        cpu_s = time.process_time() - cpu_start
        print(f"{time.perf_counter() - start:.6f} {cpu_s:.6f}", flush=True)
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}")


if __name__ == "__main__":
    main()
