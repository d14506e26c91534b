#include "kilonat/train/classifier_options.h"

#include "kilonat/base/errors.h"
#include "kilonat/config/schema.h"

namespace kilonat::train {

void describe(config::Schema& schema, AugmentOptions& options) {
  schema
      .field("segment_s",
             options.segment_s,
             {.doc = "length of training segments; silence is added to shorter clips",
              .unit = "s",
              .min = 0.1,
              .max = 60})
      .field("gain_db",
             options.gain_db,
             {.doc = "a gain from the uniform distribution on +- this",
              .unit = "dB",
              .min = 0,
              .max = 40})
      .field(
          "noise_min_db",
          options.noise_min_db,
          {.doc = "lowest level of the noise added, a band", .unit = "dB of full scale", .max = 0})
      .field(
          "noise_max_db",
          options.noise_max_db,
          {.doc = "highest level of the noise added, a band", .unit = "dB of full scale", .max = 0})
      .field("masked_mels",
             options.masked_mels,
             {.doc = "up to so many neighbouring bands are hidden", .min = 0})
      .field("masked_s",
             options.masked_s,
             {.doc = "up to so much of the time is hidden", .unit = "s", .min = 0})
      .field("mix_share",
             options.mix_share,
             {.doc = "share of segments that another one is mixed into, its class into the target",
              .min = 0,
              .max = 1});
}

void describe(config::Schema& schema, ClassifierRunOptions& options) {
  schema.field("epochs", options.epochs, {.doc = "times that every clip is seen", .min = 1})
      .field("batch_size", options.batch_size, {.doc = "segments", .min = 2})
      .field(
          "label_smoothing",
          options.label_smoothing,
          {.doc = "probability that the targets give to all classes alike", .min = 0, .max = 0.9})
      .field("warmup_share",
             options.warmup_share,
             {.doc = "of the run, in which the learning rate rises; then it falls along a half "
                     "cosine",
              .min = 0,
              .max = 0.9})
      .field("seed", options.seed, {.doc = "of everything random", .min = 0});
}

void describe(config::Schema& schema, ClassifierDataOptions& options) {
  schema.field("sources",
               options.sources,
               {.doc = "with classes: .csv or .jsonl manifests, .tar shards, procedural:NAME"});
}

void describe(config::Schema& schema, ClassifierTrainOptions& options) {
  schema.section("data", options.data, "The sounds.")
      .section("classifier", options.classifier, "The network and its front end.")
      .section("augment", options.augment, "How training segments differ from their clips.")
      .section("optim", options.optim, "AdamW.")
      .section("run", options.run, "Length, batches, seed.");
}

void check(const ClassifierTrainOptions& options) {
  metrics::check(options.classifier);
  KILONAT_REQUIRE(options.augment.noise_min_db <= options.augment.noise_max_db,
                  ConfigError,
                  "augment.noise_min_db = {} is above augment.noise_max_db = {}",
                  options.augment.noise_min_db,
                  options.augment.noise_max_db);
  KILONAT_REQUIRE(
      options.augment.segment_s <= options.classifier.shortest_s,
      ConfigError,
      "augment.segment_s = {} is longer than classifier.shortest_s = {}, to which short "
      "clips are filled up",
      options.augment.segment_s,
      options.classifier.shortest_s);
}

}  // namespace kilonat::train
