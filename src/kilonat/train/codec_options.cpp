#include "kilonat/train/codec_options.h"

#include <cmath>

#include <fmt/format.h>

#include "kilonat/base/errors.h"
#include "kilonat/config/schema.h"

namespace kilonat::train {
namespace {

constexpr double kMinSteps = 1;

void check_rate(const CodecTrainOptions& options) {
  if (options.codec.bottleneck.kind != "gaussian") return;
  KILONAT_REQUIRE(options.rate.law.target_kbps > 0,
                  ConfigError,
                  "rate {} kbit/s: expected more than 0",
                  options.rate.law.target_kbps);
  rate::require_reachable(options.rate.law,
                          codec::frame_rate_hz(options.codec),
                          options.codec.bottleneck.latent_channels);
  const std::int64_t num_frames = excerpt_samples(options) / codec::hop_length(options.codec);
  KILONAT_REQUIRE(num_frames > 2 * options.rate.edge_frames,
                  ConfigError,
                  "excerpts of {} s are {} latent frames, and rate.edge_frames = {} at each end "
                  "leaves none to count; lengthen data.excerpts.duration_s",
                  options.data.excerpts.duration_s,
                  num_frames,
                  options.rate.edge_frames);
}

}  // namespace

void describe(config::Schema& schema, RateOptions& options) {
  rate::describe(schema, options.law);
  schema
      .field("edge_frames",
             options.edge_frames,
             {.doc = "latent frames at each end of a training excerpt that the rate leaves out",
              .min = 0})
      .field("calibrate",
             options.calibrate,
             {.doc = "at the end, take the last percent off the averaged weights' rate"})
      .field("calibration_excerpts",
             options.calibration_excerpts,
             {.doc = "fresh training excerpts that this is done on, and as many others that the "
                     "result is measured on",
              .min = 1});
}

void describe(config::Schema& schema, CodecLossOptions& options) {
  schema.field("mel_weight", options.mel_weight, {.doc = "of the multi-scale mel loss", .min = 0})
      .field("stft_weight", options.stft_weight, {.doc = "of the multi-scale STFT loss", .min = 0})
      .field("waveform_weight",
             options.waveform_weight,
             {.doc = "of the waveform's mean absolute difference", .min = 0})
      .field("squared_error_weight",
             options.squared_error_weight,
             {.doc = "of the waveform's mean squared error", .min = 0})
      .field("adversarial_weight",
             options.adversarial_weight,
             {.doc = "of deceiving the discriminators", .min = 0})
      .field("feature_weight",
             options.feature_weight,
             {.doc = "of matching the discriminators' features", .min = 0})
      .field("commitment_weight", options.commitment_weight, {.doc = "rvq only", .min = 0})
      .field("codebook_weight", options.codebook_weight, {.doc = "rvq only", .min = 0})
      .section("mel", options.mel, "The multi-scale mel loss.")
      .section("stft", options.stft, "The multi-scale STFT loss.");
}

void describe(config::Schema& schema, AdversarialOptions& options) {
  schema
      .field("start_step",
             options.start_step,
             {.doc = "first step with discriminators; -1: never", .unit = "steps", .min = -1})
      .section("discriminator", options.discriminator, "The discriminators.");
}

void describe(config::Schema& schema, OptimOptions& options) {
  schema
      .field("ema_decay",
             options.ema_decay,
             {.doc = "decay of the averaged weights that are handed out; 0: no averaging",
              .min = 0,
              .max = 0.999999})
      .section("generator", options.generator, "AdamW of the codec.")
      .section("discriminator", options.discriminator, "AdamW of the discriminators.")
      .section("schedule", options.schedule, "Factor on both learning rates.");
}

void describe(config::Schema& schema, DataOptions& options) {
  schema
      .field("sources",
             options.sources,
             {.doc = "files, folders, .csv or .jsonl manifests, .tar shards, procedural:NAME"})
      .section("excerpts", options.excerpts, "How training excerpts are drawn.");
}

void describe(config::Schema& schema, RunOptions& options) {
  schema
      .field(
          "steps", options.steps, {.doc = "length of the run", .unit = "steps", .min = kMinSteps})
      .field("seed", options.seed, {.doc = "of everything random", .min = 0})
      .field("micro_batches",
             options.micro_batches,
             {.doc = "run each batch in so many parts, to save memory", .min = 1})
      .field("precision",
             options.precision,
             {.doc = "of activations; auto: bf16 where the CPU has instructions for it",
              .choices = {"auto", "fp32", "bf16"}})
      .field("log_every",
             options.log_every,
             {.doc = "between lines of metrics.jsonl", .unit = "steps", .min = 1})
      .field("checkpoint_every",
             options.checkpoint_every,
             {.doc = "between checkpoints", .unit = "steps", .min = 1})
      .field("keep_checkpoints", options.keep_checkpoints, {.doc = "the latest so many", .min = 1})
      .field("sample_every",
             options.sample_every,
             {.doc = "between reports on the fixed clips; 0: at the end only",
              .unit = "steps",
              .min = 0})
      .field("num_sample_clips", options.num_sample_clips, {.doc = "fixed clips", .min = 0})
      .field("sample_clip_s",
             options.sample_clip_s,
             {.doc = "at most so much of each fixed clip", .unit = "s", .min = 0.1})
      .field("statistics_clips",
             options.statistics_clips,
             {.doc = "training clips that the latent statistics are taken on", .min = 1})
      .field("max_bad_batches",
             options.max_bad_batches,
             {.doc = "batches that are not finite, close together, that end the run", .min = 1});
}

void describe(config::Schema& schema, CodecTrainOptions& options) {
  schema.section("codec", options.codec, "The autoencoder.")
      .section("rate", options.rate, "The rate asked for, and the law that holds it.")
      .section("loss", options.loss, "What the codec learns from.")
      .section("adversarial", options.adversarial, "The second phase.")
      .section("data", options.data, "The sounds.")
      .section("optim", options.optim, "The optimisers.")
      .section("init", options.init, "Where layers and bottleneck start.")
      .section("run", options.run, "Length, seed, checkpoints, reports.");
}

std::int64_t excerpt_samples(const CodecTrainOptions& options) {
  const auto num_samples = std::llround(options.data.excerpts.duration_s *
                                        static_cast<double>(options.codec.sample_rate_hz));
  const std::int64_t hop = codec::hop_length(options.codec);
  return num_samples / hop * hop;
}

void check(const CodecTrainOptions& options) {
  codec::check(options.codec);
  KILONAT_REQUIRE(excerpt_samples(options) > 0,
                  ConfigError,
                  "excerpts of {} s are shorter than a latent frame of {} samples; lengthen "
                  "data.excerpts.duration_s",
                  options.data.excerpts.duration_s,
                  codec::hop_length(options.codec));
  check_rate(options);
  KILONAT_REQUIRE(options.data.excerpts.batch_size % options.run.micro_batches == 0,
                  ConfigError,
                  "run.micro_batches = {} does not divide data.excerpts.batch_size = {}",
                  options.run.micro_batches,
                  options.data.excerpts.batch_size);
}

}  // namespace kilonat::train
