#include "kilonat/study/rd_options.h"

#include <algorithm>
#include <set>

#include "kilonat/audio/opus.h"
#include "kilonat/base/errors.h"
#include "kilonat/config/schema.h"

namespace kilonat::study {
namespace {

template <class T>
void require_rising(const std::vector<T>& values, const char* key) {
  const bool rises = std::adjacent_find(values.begin(), values.end(), [](T a, T b) {
                       return a >= b;
                     }) == values.end();
  KILONAT_REQUIRE(rises, ConfigError, "study.{}: expected numbers that rise", key);
}

void describe_points(config::Schema& schema, RdOptions& options) {
  schema
      .field("rates_kbps",
             options.rates_kbps,
             {.doc = "targets of the gaussian bottleneck", .unit = "kbit/s", .min = 1e-6})
      .field("fixed_betas",
             options.fixed_betas,
             {.doc = "VAEs with a fixed KL weight: loss per nat per frame", .min = 0})
      .field("codebooks",
             options.codebooks,
             {.doc = "RVQ: numbers of codebooks to measure; trained with the last; empty: none",
              .min = 1,
              .max = 64})
      .field("codebook_size",
             options.codebook_size,
             {.doc = "RVQ: entries of a codebook", .min = 2, .max = 65536})
      .field("opus_kbps",
             options.opus_kbps,
             {.doc = "bitrates that Opus is asked for",
              .unit = "kbit/s",
              .min = audio::kMinOpusKbps,
              .max = audio::kMaxOpusKbps});
}

}  // namespace

void describe(config::Schema& schema, RdOptions& options) {
  schema.field("name", options.name, {.doc = "the report's title"})
      .field("codec", options.codec, {.doc = "codec config, by path or name, of every family"})
      .field("overrides",
             options.overrides,
             {.doc = "key=value on the codec config, for every trained point"})
      .field("sources", options.sources, {.doc = "sounds, as --data, which replaces them"})
      .field("split",
             options.split,
             {.doc = "the split that is measured on", .choices = {"valid", "test", "train", "all"}})
      .field("seeds", options.seeds, {.doc = "every trained point once for each", .min = 0});
  describe_points(schema, options);
  schema
      .field("visqol_model",
             options.visqol_model,
             {.doc = "ViSQOL's libsvm model file; empty: its similarity NSIM instead"})
      .field("listen_clips",
             options.listen_clips,
             {.doc = "clips whose sounds are kept for listening", .min = 0, .max = 1000});
}

void describe(config::Schema& schema, RdStudyConfig& options) {
  schema.section("study", options.study, "A rate-distortion study: its points and its data.");
}

void check(const RdOptions& options) {
  require_rising(options.rates_kbps, "rates_kbps");
  require_rising(options.fixed_betas, "fixed_betas");
  require_rising(options.codebooks, "codebooks");
  require_rising(options.opus_kbps, "opus_kbps");
  const std::set<std::int64_t> seeds(options.seeds.begin(), options.seeds.end());
  KILONAT_REQUIRE(!seeds.empty() && seeds.size() == options.seeds.size(),
                  ConfigError,
                  "study.seeds: expected at least one, each once");
  KILONAT_REQUIRE(!options.rates_kbps.empty() || !options.fixed_betas.empty() ||
                      !options.codebooks.empty() || !options.opus_kbps.empty(),
                  ConfigError,
                  "study: no points; give rates_kbps, fixed_betas, codebooks or opus_kbps");
}

}  // namespace kilonat::study
