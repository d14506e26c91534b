#include "kilonat/train/generator_options.h"

#include "kilonat/base/errors.h"
#include "kilonat/config/schema.h"

namespace kilonat::train {

void describe(config::Schema& schema, GeneratorBatchOptions& options) {
  schema.field("latents", options.latents, {.doc = "folder that `kilonat latents` wrote"})
      .field("batch_size", options.batch_size, {.doc = "clips", .min = 1})
      .field("max_frames",
             options.max_frames,
             {.doc = "longer clips are cut to a stretch drawn anew each time; 0: none is cut",
              .unit = "frames",
              .min = 0})
      .field("prefix_share",
             options.prefix_share,
             {.doc = "share of the clips that end early, after a random length, so that other "
                     "durations than the clips' are learnt",
              .min = 0,
              .max = 1})
      .field("shortest_s", options.shortest_s, {.doc = "of those lengths", .unit = "s", .min = 0})
      .field("sample",
             options.sample,
             {.doc = "draw latents from their posteriors; false: take the means"})
      .field("caption_dropout",
             options.caption_dropout,
             {.doc = "share of captions that the null token replaces, for guidance",
              .min = 0,
              .max = 1})
      .field("split",
             options.split,
             {.doc = "of the latents, to train on", .choices = {"train", "valid", "test"}})
      .field("held_out",
             options.held_out,
             {.doc = "of the latents, that the score is measured on",
              .choices = {"train", "valid", "test"}});
}

void describe(config::Schema& schema, GeneratorOptimOptions& options) {
  schema
      .field("ema_decay",
             options.ema_decay,
             {.doc = "what the decay of the averaged weights rises to: (1 + n) / (10 + n) after n "
                     "steps, no more than this",
              .min = 0,
              .max = 0.999999})
      .section("adamw", options.adamw, "AdamW.")
      .section("schedule", options.schedule, "Factor on the learning rate.");
}

void describe(config::Schema& schema, GeneratorRunOptions& options) {
  schema.field("steps", options.steps, {.doc = "length of the run", .unit = "steps", .min = 1})
      .field("seed", options.seed, {.doc = "of everything random", .min = 0})
      .field("log_every",
             options.log_every,
             {.doc = "between lines of metrics.jsonl", .unit = "steps", .min = 1})
      .field("checkpoint_every",
             options.checkpoint_every,
             {.doc = "between checkpoints", .unit = "steps", .min = 1})
      .field("keep_checkpoints", options.keep_checkpoints, {.doc = "the latest so many", .min = 1})
      .field("evaluate_every",
             options.evaluate_every,
             {.doc = "between scores on held-out clips; 0: at the end only",
              .unit = "steps",
              .min = 0})
      .field("evaluated_clips",
             options.evaluated_clips,
             {.doc = "held-out clips that the score is measured on, at most", .min = 1})
      .field("sample_every",
             options.sample_every,
             {.doc = "between sounds made for listening; 0: at the end only",
              .unit = "steps",
              .min = 0})
      .field("sample_prompts",
             options.sample_prompts,
             {.doc = "what they are made from; empty: captions of held-out clips"})
      .field("num_samples",
             options.num_samples,
             {.doc = "how many of those captions; 0: no sounds", .min = 0})
      .field("max_bad_batches",
             options.max_bad_batches,
             {.doc = "batches that are not finite, close together, that end the run", .min = 1});
}

void describe(config::Schema& schema, TextOptions& options) {
  schema.field("t5_folder",
               options.t5_folder,
               {.doc = "folder of an official T5, which stays as it is; empty: words are learnt"});
}

void describe(config::Schema& schema, GeneratorTrainOptions& options) {
  describe(schema, options.generator);
  schema.section("text", options.text, "Where the text encoder comes from.")
      .section("batches", options.batches, "The latents.")
      .section("optim", options.optim, "The optimiser.")
      .section("run", options.run, "Length, seed, checkpoints, reports.");
}

void check(const GeneratorTrainOptions& options) {
  (void)diffusion::resolved(options.generator.transformer);
  text::check(options.generator.words);
  KILONAT_REQUIRE(!options.batches.latents.empty(),
                  ConfigError,
                  "train-generator: no latents; give --latents DIR, made by 'kilonat latents'");
}

}  // namespace kilonat::train
