#include "kilonat/study/generation_options.h"

#include <algorithm>
#include <set>

#include "kilonat/base/errors.h"
#include "kilonat/config/schema.h"

namespace kilonat::study {
namespace {

void describe_training(config::Schema& schema, GenerationOptions& options) {
  schema.field("name", options.name, {.doc = "the report's title"})
      .field("rd_study",
             options.rd_study,
             {.doc = "folder of the rate-distortion study with the codecs; --codecs replaces it"})
      .field("points",
             options.points,
             {.doc = "gaussian points of that study, by id; empty: all that are done"})
      .field("generator", options.generator, {.doc = "generator config, by path or name"})
      .field("overrides", options.overrides, {.doc = "key=value on the generator's config"})
      .field("sources",
             options.sources,
             {.doc = "captioned sounds with classes, as --data, which replaces them"})
      .field("seeds", options.seeds, {.doc = "a generator for each, at every rate", .min = 0})
      .field("variants",
             options.variants,
             {.doc = "augmented encodings of a training clip", .min = 1, .max = 1000});
}

void describe_sounds(config::Schema& schema, GenerationOptions& options) {
  schema
      .field("guidance",
             options.guidance,
             {.doc = "guidance scales that are tried at each rate", .min = 0, .max = 100})
      .field("sampler", options.sampler, diffusion::solver_names(), {.doc = "of the sounds"})
      .field("sampler_steps", options.sampler_steps, {.doc = "of the sampler", .min = 1})
      .field("seconds",
             options.seconds,
             {.doc = "length of every sound", .unit = "s", .min = 0.1, .max = 600})
      .field("sounds_per_class",
             options.sounds_per_class,
             {.doc = "sounds of each class that the figures are from", .min = 1})
      .field("tuning_per_class",
             options.tuning_per_class,
             {.doc = "other sounds of each class, that choose the guidance", .min = 1})
      .field("listen_per_class",
             options.listen_per_class,
             {.doc = "sounds of each class that are kept for listening", .min = 0});
}

}  // namespace

void describe(config::Schema& schema, GenerationOptions& options) {
  describe_training(schema, options);
  describe_sounds(schema, options);
  schema
      .field("classifier",
             options.classifier,
             {.doc = "of `kilonat train-classifier`; --classifier replaces it"})
      .field("metric",
             options.metric,
             {.doc = "that chooses the guidance and the best rate",
              .choices = {"kad", "fad", "class_accuracy"}});
}

void describe(config::Schema& schema, GenerationStudyConfig& options) {
  schema.section("study", options.study, "A generation study: its codecs, generators and sounds.");
}

void check(const GenerationOptions& options) {
  const std::set<std::int64_t> seeds(options.seeds.begin(), options.seeds.end());
  KILONAT_REQUIRE(!seeds.empty() && seeds.size() == options.seeds.size(),
                  ConfigError,
                  "study.seeds: expected at least one, each once");
  KILONAT_REQUIRE(!options.guidance.empty(),
                  ConfigError,
                  "study.guidance: expected at least one scale; 1 is no guidance");
}

}  // namespace kilonat::study
